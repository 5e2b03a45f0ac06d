//! `causeway call`: a contract call on another chain.

use std::path::Path;

use alloy::{
    dyn_abi::{DynSolType, JsonAbiExt},
    hex,
    json_abi::Function,
    primitives::{Address, Bytes},
    providers::Provider,
};
use causeway_ibc::gmp::GmpAcknowledgement;
use causeway_ibc_evm::CallOrder;
use clap::{ArgGroup, Args};

use super::crossing::{CrossingArgs, chain_failure, send_failure};
use crate::{address::parse_address, config, failure::Failure, output::Output, progress::Progress};

/// The arguments of `causeway call`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("what").required(true).args(["data", "signature"]),
    after_help = "\
The target is called by an account that belongs to the sender: one per route, sender and salt.

Examples:
  causeway call --from alpha --to beta --target 0x5FbDB2315678afecb367f032d93F642f64180aa3 --signature 'increment(uint256)' --args 1
  causeway call --from alpha --to beta --target 0x5FbDB2315678afecb367f032d93F642f64180aa3 --data 0xd09de08a --key env:ALICE_KEY --json

Ends with 0 when the call is acknowledged, with 3 when it was sent but not carried out.")]
pub(crate) struct CallArgs {
    #[command(flatten)]
    crossing: CrossingArgs,
    /// Contract to call on the destination
    #[arg(long, value_name = "ADDRESS")]
    target: String,
    /// Call data in hexadecimal
    #[arg(long, value_name = "HEX", conflicts_with = "signature")]
    data: Option<String>,
    /// Function to call, such as 'increment(uint256)'
    #[arg(long, value_name = "FUNCTION")]
    signature: Option<String>,
    /// Arguments of the function, in its order
    #[arg(
        long, value_name = "VALUE", num_args = 1.., requires = "signature", allow_negative_numbers = true
    )]
    args: Vec<String>,
    /// Tells apart several accounts of one sender: a text, or bytes in hexadecimal
    #[arg(long, default_value = "")]
    salt: String,
}

/// Runs `causeway call`.
pub(crate) async fn execute(args: CallArgs, path: &Path, output: Output) -> Result<(), Failure> {
    let loaded = config::load(path)?;
    let target =
        parse_address(&args.target).map_err(|error| Failure::address("--target", &error))?;
    let data = match (&args.data, &args.signature) {
        (Some(data), _) => parse_hex("--data", data)?,
        (None, Some(signature)) => encode(signature, &args.args)?,
        (None, None) => Bytes::new(),
    };
    let salt = if args.salt.starts_with("0x") {
        parse_hex("--salt", &args.salt)?
    } else {
        args.salt.clone().into_bytes().into()
    };
    let crossing = args.crossing.open(&loaded).await?;
    check_target(&crossing.destination, target).await?;
    let order = CallOrder {
        target,
        data,
        salt,
        client: crossing.direction.source.client.clone(),
        timeout: crossing.deadline().await?,
        memo: crossing.memo.clone(),
    };
    let progress = Progress::new(output);
    let result = |acks: &[Bytes]| Some(GmpAcknowledgement::decode(acks.first()?).ok()?.result);
    crossing
        .carry_out(
            &progress,
            async || crossing.account.call(&order).await,
            result,
            |error| send_failure(&error),
        )
        .await
}

/// A call to an address without code would be refused over there, after a journey of minutes.
async fn check_target(destination: &crate::network::Side, target: Address) -> Result<(), Failure> {
    let code = destination.chain.provider().get_code_at(target).await;
    if code.map_err(|error| chain_failure(&error))?.is_empty() {
        let message = format!(
            "there is no contract at {target} on {}",
            destination.chain.id()
        );
        return Err(Failure::usage(
            "--target",
            message,
            "check the address and the chain",
        ));
    }
    Ok(())
}

fn parse_hex(field: &str, text: &str) -> Result<Bytes, Failure> {
    hex::decode(text).map(Bytes::from).map_err(|error| {
        let remedy = "write 0x and an even number of hexadecimal digits";
        Failure::usage(
            field,
            format!("{text:?} is no hexadecimal text: {error}"),
            remedy,
        )
    })
}

/// Call data for a function in Solidity's notation and its arguments as text.
fn encode(signature: &str, args: &[String]) -> Result<Bytes, Failure> {
    let function = Function::parse(signature).map_err(|error| {
        let message = format!("{signature:?} is no function: {}", one_line(&error));
        Failure::usage("--signature", message, "write it as 'increment(uint256)'")
    })?;
    if function.inputs.len() != args.len() {
        let (takes, given) = (function.inputs.len(), args.len());
        let message = format!("{signature} takes {takes} arguments, {given} are given");
        return Err(Failure::usage(
            "--args",
            message,
            "give one value per argument, in order",
        ));
    }
    let mut values = Vec::new();
    for (input, text) in function.inputs.iter().zip(args) {
        let kind: DynSolType = input.selector_type().parse().map_err(|error| {
            let message = format!("the type {:?} is unknown: {}", input.ty, one_line(&error));
            Failure::usage("--signature", message, "use Solidity's types")
        })?;
        let value = kind.coerce_str(text).map_err(|_| {
            let message = format!("{text:?} is no {}", input.ty);
            Failure::usage(
                "--args",
                message,
                format!("{signature} wants a {} here", input.ty),
            )
        })?;
        values.push(value);
    }
    let data = function.abi_encode_input(&values).map_err(|error| {
        Failure::usage("--args", error, "check the arguments against the function")
    })?;
    Ok(data.into())
}

/// The parser draws a pointer below its input; an error here is one line.
fn one_line(error: &dyn std::error::Error) -> String {
    let text = error.to_string();
    text.split_whitespace()
        .filter(|word| *word != "^")
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(signature: &str, args: &[&str]) -> Result<String, String> {
        let args: Vec<String> = args.iter().map(ToString::to_string).collect();
        encode(signature, &args)
            .map(|data| data.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_function_and_its_arguments_become_call_data() {
        assert_eq!(encoded("increment()", &[]), Ok("0xd09de08a".to_owned()));
        // The example of the Solidity ABI specification.
        assert_eq!(
            encoded("baz(uint32,bool)", &["69", "true"]),
            Ok("0xcdcd77c0\
                0000000000000000000000000000000000000000000000000000000000000045\
                0000000000000000000000000000000000000000000000000000000000000001"
                .to_owned())
        );
        assert!(
            encoded(
                "f((uint256,address)[],int8)",
                &["[(1,0x70997970C51812dc3A010C7d01b50e0d17dc79C8)]", "-1"]
            )
            .is_ok()
        );
    }

    #[test]
    fn arguments_that_do_not_fit_are_refused() {
        for (signature, args, field, why) in [
            ("increment(", vec![], "--signature", "no function"),
            ("increment(uint257)", vec!["1"], "--signature", "uint257"),
            (
                "increment(uint256)",
                vec![],
                "--args",
                "takes 1 arguments, 0 are given",
            ),
            (
                "increment(uint256)",
                vec!["one"],
                "--args",
                "\"one\" is no uint256",
            ),
            (
                "increment(uint8)",
                vec!["256"],
                "--args",
                "\"256\" is no uint8",
            ),
            (
                "increment(uint8)",
                vec!["-1"],
                "--args",
                "\"-1\" is no uint8",
            ),
        ] {
            let error = encoded(signature, &args).unwrap_err();
            assert!(error.contains(field) && error.contains(why), "{error}");
        }
    }
}
