//! `strongroom convert`.

use core::fmt;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use strongroom_crypto::foreign::workos::{
    Layout, LocalValue, LocalValueError, Unrecognised, recognise,
};

use super::stream::{read_whole, write_whole};
use crate::failure::Failure;

/// Moves locally encrypted values between the two layouts of WorkOS clients.
#[derive(Args, Debug)]
#[command(after_help = "\
The clients of WorkOS Vault encrypt locally in two layouts that do not read each other:
  a   IV, tag, length, key blob, ciphertext     Node, Python, Ruby, PHP, Kotlin; Go up to 6
  b   length, key blob, IV, ciphertext, tag     Go from 7, Rust

Converting needs no key and no server: the parts are the same, and stay as they are. Nothing is
checked but the layout; whether a value opens is seen by the client that opens it.

One value, from Node to Go:
  echo 'kZ0c…' | strongroom convert --from a --to b

A column of them, one base64 value a line; empty lines stay:
  psql -Atc 'select token from account' | strongroom convert --from node --to go > tokens.txt

Bytes that are not base64:
  strongroom convert --raw --from b --to a value.bin --output converted.bin

Without --from the layout is recognised. That is certain for values whose data key was wrapped by
Strongroom or WorkOS; where it cannot be told, nothing is written.")]
pub(super) struct ConvertArgs {
    /// The layout that the values have; recognised for each if absent
    #[arg(long, value_name = "LAYOUT")]
    from: Option<LayoutName>,
    /// The layout to write
    #[arg(long, value_name = "LAYOUT")]
    to: LayoutName,
    /// The input is one value in bytes, not one in base64 on each line
    #[arg(long)]
    raw: bool,
    /// Input; `-` is standard input
    #[arg(default_value = "-", value_name = "INPUT")]
    input: PathBuf,
    /// Output, written as a whole or not at all; `-` is standard output
    #[arg(long, short, default_value = "-", value_name = "OUTPUT")]
    output: PathBuf,
}

/// A layout by its letter, or by a language that writes it.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum LayoutName {
    /// IV, tag, length, key blob, ciphertext
    #[value(alias = "A", aliases = ["node", "python", "ruby", "php", "kotlin"])]
    A,
    /// Length, key blob, IV, ciphertext, tag
    #[value(alias = "B", aliases = ["go", "rust"])]
    B,
}

impl From<LayoutName> for Layout {
    fn from(name: LayoutName) -> Self {
        match name {
            LayoutName::A => Self::A,
            LayoutName::B => Self::B,
        }
    }
}

/// Where a value stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line, counted from 1.
    Line(usize),
    /// The whole input.
    Input,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Input => f.write_str("the input"),
        }
    }
}

/// Why a value was not converted. Says where, and never what stood there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConvertError {
    #[error("{place} is not base64")]
    Base64 { place: Place },
    #[error("{place} is no value in the layout named")]
    Value {
        place: Place,
        #[source]
        source: LocalValueError,
    },
    #[error("{place} has no layout that can be told")]
    Unrecognised {
        place: Place,
        #[source]
        source: Unrecognised,
    },
}

pub(super) async fn run(args: ConvertArgs) -> Result<(), Failure> {
    let input = read_whole(&args.input).await?;
    let conversion = Conversion {
        from: args.from.map(Layout::from),
        to: args.to.into(),
    };
    let output = if args.raw {
        conversion.value(Place::Input, &input)?
    } else {
        conversion.lines(&input)?
    };
    write_whole(&args.output, &output).await
}

#[derive(Clone, Copy)]
struct Conversion {
    from: Option<Layout>,
    to: Layout,
}

impl Conversion {
    /// Each line that is not empty is one value in base64.
    fn lines(self, input: &[u8]) -> Result<Vec<u8>, ConvertError> {
        let mut output = Vec::with_capacity(input.len());
        for (position, line) in input.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let place = Place::Line(position + 1);
            let text = line.trim_ascii();
            if !text.is_empty() {
                let bytes = STANDARD.decode(text);
                let bytes = bytes.map_err(|_not_base64| ConvertError::Base64 { place })?;
                let converted = self.value(place, &bytes)?;
                output.extend_from_slice(STANDARD.encode(converted).as_bytes());
            }
            if line.ends_with(b"\n") {
                output.push(b'\n');
            }
        }
        Ok(output)
    }

    fn value(self, place: Place, bytes: &[u8]) -> Result<Vec<u8>, ConvertError> {
        let refused = |source| ConvertError::Value { place, source };
        let from = match self.from {
            Some(from) => from,
            None => {
                recognise(bytes).map_err(|source| ConvertError::Unrecognised { place, source })?
            }
        };
        let value = LocalValue::parse(from, bytes).map_err(refused)?;
        value.encode(self.to).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A_TO_B: Conversion = Conversion {
        from: Some(Layout::A),
        to: Layout::B,
    };

    fn value() -> Vec<u8> {
        let value = LocalValue {
            iv: &[1; 12],
            tag: &[2; 16],
            key_blob: b"WOS.EKM.v1\0 and what follows",
            ciphertext: b"text",
        };
        value.encode(Layout::A).unwrap()
    }

    #[test]
    fn each_line_is_converted_and_empty_ones_stay() {
        let line = STANDARD.encode(value());
        let input = format!("{line}\r\n\n{line}");
        let output = String::from_utf8(A_TO_B.lines(input.as_bytes()).unwrap()).unwrap();
        let lines: Vec<&str> = output.split('\n').collect();
        assert_eq!(lines.len(), 3);
        assert_eq!((lines[1], lines[0]), ("", lines[2]));
        let back = Conversion {
            from: None,
            to: Layout::A,
        };
        let back = back.lines(output.as_bytes()).unwrap();
        assert_eq!(back, format!("{line}\n\n{line}").as_bytes());
    }

    #[test]
    fn an_error_names_the_line_and_not_its_content() {
        let input = format!("{}\nsecret!\n", STANDARD.encode(value()));
        let refused = A_TO_B.lines(input.as_bytes()).unwrap_err();
        assert_eq!(refused.to_string(), "line 2 is not base64");
        let short = Conversion {
            from: None,
            to: Layout::B,
        };
        let refused = short.lines(b"AAAA").unwrap_err();
        assert!(matches!(refused, ConvertError::Unrecognised { .. }));
    }
}
