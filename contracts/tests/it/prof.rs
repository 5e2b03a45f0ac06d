use std::collections::BTreeMap;
use alloy::primitives::{Address, Bytes, TxKind, U256};
use alloy::sol_types::SolCall;
use revm::inspector::{Inspector, InspectEvm};
use revm::interpreter::{Interpreter, CallInputs, CallOutcome, interpreter_types::{Jumps, InputsTr}};
use revm::context::{Context, TxEnv};
use revm::{MainBuilder, MainContext};
use revm::primitives::hardfork::SpecId;
use crate::harness::chain::*;
use crate::harness::network::*;

#[derive(Default)]
struct P { stack: Vec<(Address,[u8;4],u64,u64)>, ops: BTreeMap<(usize,u8),(u64,u64)>, last: Option<(usize,u8,u64)>, out: Vec<String> , cur:u64}
impl<CTX> Inspector<CTX> for P {
    fn step(&mut self, i: &mut Interpreter, _: &mut CTX) {
        self.last = Some((self.stack.len(), i.bytecode.opcode(), i.gas.remaining()));
    }
    fn step_end(&mut self, i: &mut Interpreter, _: &mut CTX) {
        if let Some((d,o,g)) = self.last.take() {
            let c = g.saturating_sub(i.gas.remaining());
            if !matches!(o, 0xf1|0xf4|0xfa|0xf0|0xf5) { let e=self.ops.entry((d,o)).or_default(); e.0+=1; e.1+=c; }
        }
    }
    fn call(&mut self, _: &mut CTX, inp: &mut CallInputs) -> Option<CallOutcome> {
        self.stack.push((inp.bytecode_address,[0;4],inp.gas_limit,0)); None
    }
    fn call_end(&mut self, _: &mut CTX, inp: &CallInputs, o: &mut CallOutcome) {
        let (a,_,_,inner)=self.stack.pop().unwrap();
        let used=o.result.gas.total_gas_spent();
        let d=self.stack.len();
        self.out.push(format!("{}{} in={} total={} own={}", "  ".repeat(d), a, inp.input.len(), used, used-inner));
        if let Some(p)=self.stack.last_mut(){p.3+=used;}
    }
}
fn profile(chain: &mut Chain, to: Address, data: Bytes) {
    let (cid,h,t)=(chain.chain_id,chain.height,chain.timestamp);
    let mut p=P::default();
    let mut evm=Context::mainnet().with_db(&mut chain.db).modify_cfg_chained(|c|{c.set_spec_and_mainnet_gas_params(SpecId::PRAGUE);c.chain_id=cid;c.disable_nonce_check=true;})
      .modify_block_chained(|b|{b.number=U256::from(h);b.timestamp=U256::from(t);b.gas_limit=u64::MAX;}).build_mainnet_with_inspector(&mut p);
    let r=evm.inspect_tx(TxEnv::builder().caller(RELAYER).kind(TxKind::Call(to)).data(data).gas_limit(30_000_000).chain_id(Some(cid)).build().unwrap()).unwrap().result;
    println!("tx gas {}", r.tx_gas_used());
    drop(evm);
    let outs: Vec<_> = p.out.drain(..).collect();
    for o in outs.iter().rev().take(60) {println!("{o}");}
    let mut per: BTreeMap<usize,Vec<(u64,u64,u8)>>=BTreeMap::new();
    for ((d,o),(n,g)) in &p.ops { per.entry(*d).or_default().push((*g,*n,*o)); }
    for (d,mut v) in per { v.sort(); v.reverse(); print!("depth {d} sum {}: ", v.iter().map(|x|x.0).sum::<u64>()); for (g,n,o) in v.iter().take(22){ print!("{}:{g}/{n} ", revm::bytecode::opcode::OpCode::new(*o).map(|x|x.as_str()).unwrap_or("?")); } println!(); }
}
#[test]
fn prof() {
    let mut net=Network::new(); let token=net.token;
    net.cross(Side::A, token, 500);
    let mut packets=vec![];
    for _ in 0..3 { packets.push(net.transfer(Side::A, token, 5)); }
    let height=net.update(Side::B);
    let paths: Vec<_> = packets.iter().map(|p|(COMMITMENT,p)).collect();
    let proof=net.attest(Side::B,height,&paths);
    let data: Bytes = Network::recv_call(&packets[0], proof.clone(), height).abi_encode().into();
    println!("calldata {} nz {}", data.len(), data.iter().filter(|b|**b!=0).count());
    let r=net.b.router; profile(&mut net.b, r, data);
    let calls=packets.iter().enumerate().map(|(i,p)|Network::recv_call(p, if i==0 {proof.clone()} else {Bytes::new()}, height).abi_encode().into()).collect();
    let m=causeway_contracts::ics26_router::ICS26Router::multicallCall{data:calls}.abi_encode().into();
    println!("--- batch 3");
    profile(&mut net.b, r, m);
    println!("--- send");
    let msg_=net.transfer_msg(Side::A,token,5);
    let d=causeway_contracts::ics20_transfer::ICS20Transfer::sendTransferCall{msg_}.abi_encode().into();
    let mut c=net.a.clone(); c.fund(RELAYER,U256::from(10u128.pow(24)));
    let t=c.transfer; 
    c.must(RELAYER, token, &causeway_contracts::test_erc20::TestERC20::mintCall{to:RELAYER,amount:U256::from(1000)});
    c.must(RELAYER, token, &causeway_contracts::test_erc20::TestERC20::approveCall{spender:t,value:U256::MAX});
    profile(&mut c, t, d);
}
