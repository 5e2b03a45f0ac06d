//! What a node with some of everything answers: states that a healthy network shows for a moment only.

import type { Schemas } from "../../src/api/client";

const hex = (seed: number, bytes: number) =>
  `0x${Array.from({ length: bytes }, (_, i) => ((seed * 73 + i * 151 + ((i * seed) % 13) * 7) % 256).toString(16).padStart(2, "0")).join("")}`;
const account = (seed: number) => hex(seed, 20);
const tx = (seed: number) => hex(seed, 32);
export const time = (secondsAgo: number) => new Date(Date.now() - secondsAgo * 1_000).toISOString();

const [ALPHA, BETA, GAMMA] = ["eip155:31337", "eip155:31338", "eip155:84532"];
const LITECOIN = "bip122:4966625a4b2851d9fdee139e56211a0d";
const TUSD = account(9);

const endpoint = (
  url: string,
  head: number,
  problem: string | null = null,
): Schemas["Endpoint"] => ({
  url,
  healthy: problem === null,
  head,
  latency_ms: problem === null ? 14 : null,
  problem,
});

const chains: Schemas["Chain"][] = [
  {
    id: ALPHA,
    name: "alpha",
    kind: "evm",
    head: 1_284_117,
    final_height: 1_284_117,
    lag: 0,
    finality: "depth 0",
    agreement: 1,
    endpoints: [endpoint("ws://127.0.0.1:8545/", 1_284_117)],
    router: account(1),
  },
  {
    id: BETA,
    name: "beta",
    kind: "evm",
    head: 990_412,
    final_height: 990_348,
    lag: 64,
    finality: "finalized",
    agreement: 2,
    endpoints: [
      endpoint("wss://one.example.org/", 990_412),
      endpoint("wss://two.example.net/", 990_411),
      endpoint("wss://three.example.com/", 981_002, "is 9 410 blocks behind the others"),
    ],
    router: account(2),
  },
  {
    id: GAMMA,
    name: "gamma",
    kind: "evm",
    head: 18_203_551,
    final_height: 18_203_431,
    lag: 120,
    finality: "safe",
    agreement: 2,
    endpoints: [
      endpoint("wss://gamma-one.example.org/", 18_203_551),
      endpoint("wss://gamma-two.example.net/", 18_203_551),
    ],
    router: account(3),
  },
  {
    id: LITECOIN,
    name: "litecoin",
    kind: "bitcoin",
    head: 2_418,
    final_height: 2_416,
    lag: 2,
    finality: "depth 2",
    agreement: 1,
    endpoints: [endpoint("http://127.0.0.1:19443/", 2_418)],
  },
];

const end = (chain: string, client: string): Schemas["LightClientRef"] => ({ chain, client });
const ENDS = {
  ab: end(ALPHA!, "attest-31338-on-31337"),
  ba: end(BETA!, "attest-31337-on-31338"),
  bg: end(BETA!, "attest-84532-on-31338"),
  gb: end(GAMMA!, "attest-31338-on-84532"),
  ag: end(ALPHA!, "attest-84532-on-31337"),
  ga: end(GAMMA!, "attest-31337-on-84532"),
};

function client(
  { chain, client }: Schemas["LightClientRef"],
  about: string,
  more: Partial<Schemas["LightClient"]> = {},
): Schemas["LightClient"] {
  return {
    chain,
    client,
    kind: "2-of-3 attestation",
    trust: `fewer than 2 of the 3 attestors lie together about ${about}, and ${about}'s finality holds`,
    threshold: 2,
    members: [account(21), account(22), account(23)],
    set_number: 1,
    frozen: false,
    reachable: 3,
    waiting: 0,
    ...more,
  };
}

const routes: Schemas["Route"][] = [
  {
    id: `${ALPHA}~${ENDS.ab.client}`,
    clients: [client(ENDS.ab, "beta", { waiting: 2 }), client(ENDS.ba, "alpha")],
  },
  {
    id: `${BETA}~${ENDS.bg.client}`,
    clients: [
      client(ENDS.bg, "gamma", {
        frozen: true,
        problem: "frozen: two attestors signed contradicting states of gamma at 18203431",
      }),
      client(ENDS.gb, "beta", {
        kind: "4-of-6 attestation",
        threshold: 4,
        members: [31, 32, 33, 34, 35, 36].map(account),
        reachable: 5,
        set_number: 3,
      }),
    ],
  },
  {
    id: `${ALPHA}~${ENDS.ag.client}`,
    clients: [client(ENDS.ag, "gamma"), client(ENDS.ga, "alpha")],
  },
];

const alerts: Schemas["Alert"][] = [
  {
    id: "client-frozen",
    name: "client-frozen",
    severity: "critical",
    meaning: "A light client was frozen: misbehaviour of its attestors was proven.",
    subject: ENDS.bg.client,
    summary: "attest-84532-on-31338 on beta is frozen: nothing from gamma arrives there any more",
    status: "firing",
    since: time(1_260),
    seen: time(4),
  },
  {
    id: "endpoint-unhealthy",
    name: "endpoint-unhealthy",
    severity: "warning",
    meaning: "An endpoint does not answer as it should.",
    subject: "wss://three.example.com/",
    summary: "wss://three.example.com/ is 9 410 blocks behind the others on beta",
    status: "firing",
    since: time(5_400),
    seen: time(3),
  },
  {
    id: "low-balance",
    name: "low-balance",
    severity: "warning",
    meaning: "An account that pays for transactions is nearly empty.",
    subject: account(41),
    summary: `${account(41)} has 0.04 ETH left on gamma`,
    status: "resolved",
    since: time(90_000),
    seen: time(84_000),
  },
];

export const status: Schemas["NodeStatus"] = {
  version: "0.1.0",
  uptime_seconds: 273_911,
  relays: true,
  swaps: { id: "9d".repeat(32), wallets: [], offers: [] },
  attests_as: null,
  chains,
  routes,
  attestors: [
    {
      url: "http://127.0.0.1:7111/",
      address: account(21),
      clients: [ENDS.ab.client, ENDS.ba.client],
    },
    {
      url: "http://127.0.0.1:7112/",
      address: account(22),
      clients: [ENDS.ab.client, ENDS.ba.client],
    },
    {
      url: "https://attestor.example.org/",
      clients: [],
      problem: "does not answer: connection refused",
    },
  ],
  alerts: alerts.filter(({ status }) => status === "firing"),
  monitor: {
    routes: [
      {
        ends: [ENDS.ab, ENDS.ba],
        compared: [1_284_115, 990_340],
        compared_at: time(6),
        is_blind_for_long: false,
        assets: 4,
        open_packets: 2,
        incident: [],
        warnings: [],
        frozen: [],
        paused: [],
        outflows: [],
        changes: [
          { what: "the account 0x70…79c8 was made a guardian on beta", seen_at: time(7_200) },
        ],
      },
      {
        ends: [ENDS.bg, ENDS.gb],
        compared: [990_002, 18_203_100],
        compared_at: time(1_300),
        blind: "the light client on beta is frozen",
        blind_since: time(1_260),
        is_blind_for_long: true,
        assets: 1,
        open_packets: 1,
        incident: [],
        warnings: [],
        frozen: [ENDS.bg.client],
        paused: ["the transfer application on beta"],
        outflows: [],
        changes: [],
      },
    ],
  },
  packets: { observed: 1, final: 1, proven: 0, delivered: 1, acknowledged: 48_212, timed_out: 17 },
  alarms: [],
  problems: ["the light client attest-84532-on-31338 on beta is frozen"],
};

type Path = [Schemas["LightClientRef"], Schemas["LightClientRef"]];
const PATHS: Path[] = [
  [ENDS.ab, ENDS.ba],
  [ENDS.ba, ENDS.ab],
  [ENDS.ag, ENDS.ga],
  [ENDS.gb, ENDS.bg],
];
const STATUSES: Schemas["TransferStatus"][] = [
  "in_flight",
  "arrived",
  "completed",
  "refunding",
  "completed",
  "completed",
  "refunded",
  "completed",
];
const STEPS: Record<Schemas["TransferStatus"], Schemas["FactName"][]> = {
  in_flight: ["sent"],
  arrived: ["sent", "received"],
  completed: ["sent", "received", "acknowledged"],
  refunding: ["sent"],
  refunded: ["sent", "timed_out"],
};

function timeline([source, target]: Path, steps: Schemas["FactName"][], age: number, seed: number) {
  return steps.map((fact, index): Schemas["Fact"] => ({
    fact,
    chain: fact === "received" ? target.chain : source.chain,
    tx: tx(seed * 4 + index),
    height: 1_284_000 + index * 7 + seed,
    time: time(age - index * 9),
    is_final: index < steps.length - 1 || age > 60,
  }));
}

export function transfer(index: number, state?: Schemas["TransferStatus"]): Schemas["Transfer"] {
  const path = PATHS[index < 4 ? index : (index * 7) % 5 === 0 ? 1 : (index * 3) % 4]!;
  const status = state ?? (index < 8 ? STATUSES[index]! : "completed");
  const age = 8 + index * index * 11;
  const isEther = index % 3 === 1;
  return {
    id: `${path[0].chain}~${path[0].client}~${400 - index}`,
    status,
    token: isEther
      ? {
          denom: "eth",
          base: "eth",
          asset: `${path[0].chain}/slip44:60`,
          symbol: "ETH",
          decimals: 18,
        }
      : { denom: TUSD, base: TUSD, asset: `${ALPHA}/erc20:${TUSD}`, symbol: "TUSD", decimals: 6 },
    amount: isEther ? "250000000000000000" : `${(index + 1) * 125_500_000}`,
    amount_in_units: isEther ? "0.25" : `${(index + 1) * 125.5}`,
    sender: account(50 + index),
    receiver: account(80 + index),
    memo: index === 0 ? "invoice 2041" : "",
    source: path[0],
    destination: path[1],
    timeout: time(age - 600),
    created_at: time(age),
    updated_at: time(age - 4),
    timeline: timeline(path, STEPS[status], age, index + 1),
  };
}

const transfers = Array.from({ length: 60 }, (_, index) => transfer(index));

const calls: Schemas["Call"][] = (["executed", "completed", "failed", "expired"] as const).map(
  (status, index) => ({
    id: `${ALPHA}~${ENDS.ab.client}~${900 - index}`,
    status,
    sender: account(60 + index),
    receiver: account(70),
    salt: "0x",
    data: `0x7cf5dab0${"0".repeat(63)}7`,
    memo: "",
    result: status === "completed" ? `0x${"0".repeat(64)}` : null,
    source: ENDS.ab,
    destination: ENDS.ba,
    timeout: time(-300),
    created_at: time(40 + index * 400),
    updated_at: time(20),
    timeline: timeline(
      PATHS[0]!,
      status === "expired"
        ? ["sent", "timed_out"]
        : (["sent", "received", "acknowledged"].slice(0, index + 2) as Schemas["FactName"][]),
      40 + index * 400,
      200 + index,
    ),
  }),
);

export function packet(id: string): Schemas["PacketDetails"] | undefined {
  const carried = [...transfers, ...calls].find((item) => item.id === id);
  if (!carried) return undefined;
  const waits = carried.status === "in_flight" || carried.status === "refunding";
  return {
    id,
    source: carried.source,
    destination: carried.destination,
    sequence: Number(id.split("~")[2]),
    status: waits ? "final" : "acknowledged",
    done: !waits,
    timeout: carried.timeout,
    applications: ["transfer"],
    created_at: carried.created_at,
    updated_at: carried.updated_at,
    timeline: carried.timeline,
    payloads: [
      {
        source_port: "transfer",
        dest_port: "transfer",
        version: "ics20-1",
        encoding: "application/x-solidity-abi",
        value: hex(7, 320),
      },
    ],
    acknowledgements: waits ? null : ["0x7b22726573756c74223a2241513d3d227d"],
    messages: [
      {
        message: carried.status === "refunding" ? "timeout" : "receive",
        to: `${carried.destination.chain}/${carried.destination.client}`,
        state: waits ? "waiting" : "done",
        attempts: waits ? 2 : 0,
        last_error: waits
          ? "execution reverted: SafeguardsLimitExceeded(0x9a3f, 125500000, 4200000)"
          : null,
        next_try: waits ? time(-25) : null,
      },
    ],
  };
}

const amount = (asset: string, amount: string, text: string): Schemas["SwapAmount"] => ({
  asset,
  amount,
  text,
});
const ETH = `${ALPHA}/slip44:60`;
const LTC = `${LITECOIN}/slip44:2`;

function swap(index: number, more: Partial<Schemas["Swap"]>): Schemas["Swap"] {
  const gives = amount(ETH, "2000000000000000000", "2 ETH on alpha");
  const gets = amount(LTC, "6000000000", "60 LTC on litecoin");
  const leg = (own: Partial<Schemas["SwapLeg"]>): Schemas["SwapLeg"] => ({
    leg: "first",
    chain: LITECOIN,
    chain_name: "litecoin",
    ours: false,
    amount: gets,
    lock: `${tx(300 + index).slice(2)}:0`,
    height: 2_411,
    confirmations: 3,
    confirmations_needed: 3,
    is_final: true,
    spent: null,
    spent_is_final: false,
    expires: { height: 2_800 },
    blocks_left: 382,
    seconds_left: 57_300,
    ...own,
  });
  return {
    id: hex(400 + index, 32),
    status: "lock2_intent",
    done: false,
    role: "responder",
    peer: hex(500 + index, 33),
    gives,
    gets,
    legs: [
      leg({}),
      leg({
        leg: "second",
        chain: ALPHA!,
        chain_name: "alpha",
        ours: true,
        amount: gives,
        lock: tx(301 + index),
        height: 1_284_101,
        confirmations: 4,
        confirmations_needed: 12,
        is_final: false,
        expires: { time: time(-21_420) },
        blocks_left: null,
        seconds_left: 21_420,
      }),
    ],
    waiting_for: "confirmations of the lock on alpha: 4 of 12",
    advice: [],
    troubles: [],
    story: [
      { at: time(900 + index * 5_000), status: "negotiated" },
      { at: time(600 + index * 5_000), status: "lock1_final" },
      { at: time(300 + index * 5_000), status: "lock2_intent" },
    ],
    ...more,
  };
}

const swaps: Schemas["Swap"][] = [
  swap(0, {}),
  swap(1, {
    status: "refunding",
    waiting_for: "the refund on alpha, possible in 5h 57m",
    advice: [
      "our claim of the first leg is not in a block and can be raced from block 2800 on: see that nodes take it, and raise fee_cap if fees are high",
    ],
    troubles: [{ what: "claim", attempts: 4, error: "min relay fee not met, 99 < 110" }],
  }),
  swap(2, { status: "done", done: true, waiting_for: null }),
  swap(3, { status: "cancelled", done: true, waiting_for: null }),
];

const offers: Schemas["Offer"][] = [
  {
    id: hex(601, 32),
    maker: hex(602, 33),
    least: amount(ETH, "10000000000000000", "0.01 ETH on alpha"),
    most: amount(ETH, "5000000000000000000", "5 ETH on alpha"),
    wants: LTC,
    price: { wanted: "3", given: "1000000000" },
    until: time(-55),
  },
];

const assets: Schemas["Asset"][] = [
  { id: ETH, chain: ALPHA!, chain_name: "alpha", symbol: "ETH", decimals: 18 },
  { id: LTC, chain: LITECOIN, chain_name: "litecoin", symbol: "LTC", decimals: 8 },
];

/** What is answered at each path; lists are cut into pages by the mock. */
export const answers = { chains, routes, alerts, transfers, calls, swaps, offers, assets };
