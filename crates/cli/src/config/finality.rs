use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};

/// When a block of a chain counts as final.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum FinalityConfig {
    /// The chain's own finalized block.
    #[default]
    Finalized,
    /// The chain's own safe block.
    Safe,
    /// A block with this many blocks after it.
    Depth(u64),
}

impl fmt::Display for FinalityConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finalized => f.write_str("finalized"),
            Self::Safe => f.write_str("safe"),
            Self::Depth(depth) => write!(f, "depth {depth}"),
        }
    }
}

/// Written by hand because a derived untagged enum answers every mistake with "did not match any
/// variant", which names neither the value nor the remedy.
impl<'de> Deserialize<'de> for FinalityConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = FinalityConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"finalized\", \"safe\" or { depth = 10 }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<FinalityConfig, E> {
                match text {
                    "finalized" => Ok(FinalityConfig::Finalized),
                    "safe" => Ok(FinalityConfig::Safe),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<FinalityConfig, A::Error> {
                let table = DepthTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(FinalityConfig::Depth(table.depth))
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DepthTable {
    depth: u64,
}

impl JsonSchema for FinalityConfig {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Finality".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "When a block counts as final.",
            "oneOf": [
                { "type": "string", "enum": ["finalized", "safe"] },
                {
                    "type": "object",
                    "properties": { "depth": { "type": "integer", "minimum": 0 } },
                    "required": ["depth"],
                    "additionalProperties": false
                }
            ]
        })
    }
}
