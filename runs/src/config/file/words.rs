//! Values of the campaign file that may be a word or something else, read and written by hand so that a
//! mistake in them is told in words.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// `"all"` or a list of space-group numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum SpaceGroups {
    /// All 230.
    All,
    /// These numbers.
    Numbers(Vec<u64>),
}

/// A goal that replaces the objective's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GoalSetting {
    /// Smaller is better.
    Minimise,
    /// Larger is better.
    Maximise,
    /// Nearer to this value is better.
    Target(f64),
}

/// What a condition of a trained model shall be.
#[derive(Clone, Debug, PartialEq)]
pub enum ConditionSetting {
    /// This number.
    Number(f64),
    /// A number from this range.
    Range([f64; 2]),
    /// This word.
    Word(String),
}

impl Serialize for ConditionSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(value) => serializer.serialize_f64(*value),
            Self::Range(ends) => ends.serialize(serializer),
            Self::Word(word) => serializer.serialize_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for ConditionSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Condition;
        impl<'de> Visitor<'de> for Condition {
            type Value = ConditionSetting;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a number, a range [smallest, largest] or a text in quotes")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<ConditionSetting, E> {
                Ok(ConditionSetting::Word(text.to_owned()))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<ConditionSetting, E> {
                Ok(ConditionSetting::Number(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<ConditionSetting, E> {
                Ok(ConditionSetting::Number(value as f64))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ConditionSetting, A::Error> {
                let mut ends = Vec::new();
                while let Some(end) = items.next_element()? {
                    ends.push(end);
                }
                match ends[..] {
                    [low, high] => Ok(ConditionSetting::Range([low, high])),
                    _ => Err(de::Error::invalid_length(ends.len(), &self)),
                }
            }
        }
        deserializer.deserialize_any(Condition)
    }
}

impl JsonSchema for ConditionSetting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Condition".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "number" },
            { "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 },
            { "type": "string" },
        ] })
    }
}

impl Serialize for SpaceGroups {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::All => serializer.serialize_str("all"),
            Self::Numbers(numbers) => numbers.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SpaceGroups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Groups;
        impl<'de> Visitor<'de> for Groups {
            type Value = SpaceGroups;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"all\" or a list of space-group numbers from 1 to 230")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<SpaceGroups, E> {
                match text {
                    "all" => Ok(SpaceGroups::All),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<SpaceGroups, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = items.next_element()? {
                    numbers.push(number);
                }
                Ok(SpaceGroups::Numbers(numbers))
            }
        }
        deserializer.deserialize_any(Groups)
    }
}

impl JsonSchema for SpaceGroups {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SpaceGroups".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "const": "all" },
            { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 230 } },
        ] })
    }
}

impl Serialize for GoalSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Minimise => serializer.serialize_str("minimise"),
            Self::Maximise => serializer.serialize_str("maximise"),
            Self::Target(value) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("target", value)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for GoalSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Goal;
        impl<'de> Visitor<'de> for Goal {
            type Value = GoalSetting;
            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("\"minimise\", \"maximise\" or { target = a number }")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<GoalSetting, E> {
                match text {
                    "minimise" | "minimize" => Ok(GoalSetting::Minimise),
                    "maximise" | "maximize" => Ok(GoalSetting::Maximise),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<GoalSetting, A::Error> {
                let mut target = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "target" {
                        let found = format!("a table with '{key}'");
                        return Err(de::Error::invalid_value(de::Unexpected::Other(&found), &self));
                    }
                    target = Some(map.next_value()?);
                }
                target.map(GoalSetting::Target).ok_or_else(|| {
                    de::Error::invalid_value(de::Unexpected::Other("a table without 'target'"), &self)
                })
            }
        }
        deserializer.deserialize_any(Goal)
    }
}

impl JsonSchema for GoalSetting {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Goal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "enum": ["minimise", "maximise"] },
            {
                "type": "object",
                "properties": { "target": { "type": "number" } },
                "required": ["target"],
                "additionalProperties": false,
            },
        ] })
    }
}
