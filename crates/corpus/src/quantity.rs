//! Reads numbers as the many JSON files in use write them.

use std::fmt;

use alloy_primitives::U256;
use serde::{Deserialize, Deserializer, de};

/// A number written as JSON number, hexadecimal string (`0x0a`, any leading zeros, `0x` is zero) or decimal string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(pub(crate) U256);

/// A number below 2^64, written like a [`Quantity`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Quantity(number) = Quantity::deserialize(deserializer)?;
        let too_big =
            |_| de::Error::custom(format!("invalid value {number}, expected an integer below 2^64"));
        number.try_into().map(Self).map_err(too_big)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct QuantityVisitor;

impl de::Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("an integer below 2^256 as number, `0x…` or decimal string (a string beyond 64 bits)")
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Quantity, E> {
        Ok(Quantity(U256::from(value)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Quantity, E> {
        let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some("") => Some(U256::ZERO),
            Some(digits) => digits_to_number(digits, 16),
            None => digits_to_number(text, 10),
        };
        parsed.map(Quantity).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

fn digits_to_number(digits: &str, radix: u32) -> Option<U256> {
    let plain = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
    plain.then(|| U256::from_str_radix(digits, u64::from(radix)).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<U256, String> {
        serde_json::from_str::<Quantity>(json).map(|quantity| quantity.0).map_err(|error| error.to_string())
    }

    #[test]
    fn all_notations_are_read() {
        for json in ["10", "\"0x0a\"", "\"0xA\"", "\"10\"", "\"0x000000000000000000000000000000000a\""] {
            assert_eq!(parse(json), Ok(U256::from(10)), "{json}");
        }
        assert_eq!(parse("\"0x\""), Ok(U256::ZERO));
        assert_eq!(parse("\"100000000000000000000\""), Ok(U256::from(10).pow(U256::from(20))));
    }

    #[test]
    fn everything_else_is_an_error_and_not_a_number() {
        let too_long = format!("\"0x1{}\"", "0".repeat(64));
        for json in
            ["-1", "1.5", "100000000000000000000", "\"\"", "\"0xg\"", "\"1_0\"", "null", "[]", &too_long]
        {
            let error = parse(json).unwrap_err();
            assert!(error.contains("expected an integer below 2^256"), "{json}: {error}");
        }
    }
}
