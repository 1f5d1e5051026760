//! Values that open.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use strongroom_crypto::entropy::Entropy as _;
use strongroom_crypto::envelope::{SealRequest, wrap_data_key};
use strongroom_crypto::foreign::workos::{Layout, LocalValue};
use strongroom_types::{Mode, Purpose, Suite};

use crate::support::{SeededEntropy, context_key, header};
use crate::vector::{Vector, hex};

/// What is sealed, and everything that takes part.
#[derive(Clone)]
pub(crate) struct Sample {
    pub(crate) iv: [u8; 12],
    pub(crate) data_key: [u8; 32],
    pub(crate) key_blob: Vec<u8>,
    pub(crate) associated_data: &'static str,
    pub(crate) plaintext: &'static str,
}

impl Sample {
    pub(crate) fn new(seed: u64) -> Self {
        let entropy = SeededEntropy::new(seed);
        let (mut iv, mut data_key) = ([0; 12], [0; 32]);
        entropy.fill(&mut iv).unwrap();
        entropy.fill(&mut data_key).unwrap();
        Self {
            iv,
            data_key,
            key_blob: wrapped(&data_key, seed),
            associated_data: "",
            plaintext: "sk_live_1",
        }
    }

    /// The value in a layout.
    pub(crate) fn seal(&self, layout: Layout) -> Vec<u8> {
        let key = UnboundKey::new(&AES_256_GCM, &self.data_key).unwrap();
        let nonce = Nonce::assume_unique_for_key(self.iv);
        let mut ciphertext = self.plaintext.as_bytes().to_vec();
        let aad = Aad::from(self.associated_data.as_bytes());
        let tag = LessSafeKey::new(key)
            .seal_in_place_separate_tag(nonce, aad, &mut ciphertext)
            .unwrap();
        let value = LocalValue {
            iv: &self.iv,
            tag: tag.as_ref().try_into().unwrap(),
            key_blob: &self.key_blob,
            ciphertext: &ciphertext,
        };
        value.encode(layout).unwrap()
    }

    /// The case of this value in a layout.
    pub(crate) fn vector(&self, layout: Layout, name: &str, about: &str) -> Vector {
        let other = match layout {
            Layout::A => Layout::B,
            Layout::B => Layout::A,
        };
        let layout_name = letter(layout);
        Vector::ok("workos", &format!("{layout_name}-{name}"), about)
            .input("layout", layout_name)
            .input("value_hex", hex(&self.seal(layout)))
            .input("data_key_hex", hex(&self.data_key))
            .input("associated_data", self.associated_data)
            .output("plaintext", self.plaintext)
            .output("key_blob_hex", hex(&self.key_blob))
            .output("other_layout_hex", hex(&self.seal(other)))
    }
}

pub(crate) const fn letter(layout: Layout) -> &'static str {
    match layout {
        Layout::A => "a",
        Layout::B => "b",
    }
}

/// The data key as our server wraps it.
fn wrapped(data_key: &[u8], seed: u64) -> Vec<u8> {
    let request = SealRequest {
        key: &context_key(1),
        header: &header(Purpose::DataKey, Suite::Aes256Gcm, Mode::Wrapped),
        associated_data: None,
        lock_key: None,
        entropy: &SeededEntropy::new(seed + 1000),
    };
    wrap_data_key(&request, data_key).unwrap()
}

pub(crate) fn all() -> Vec<Vector> {
    let cases = [
        ("plain", "no associated data", Sample::new(1)),
        (
            "associated-data",
            "associated data outside of ASCII",
            Sample {
                associated_data: "réclamation/№ 7",
                ..Sample::new(2)
            },
        ),
        (
            "text",
            "a plaintext outside of ASCII",
            Sample {
                plaintext: "naïve 🔑 \u{0} text",
                ..Sample::new(3)
            },
        ),
        (
            "empty",
            "an empty plaintext",
            Sample {
                plaintext: "",
                ..Sample::new(4)
            },
        ),
        (
            "length-one-byte",
            "a key blob of 127 bytes",
            Sample {
                key_blob: vec![0x41; 127],
                ..Sample::new(5)
            },
        ),
        (
            "length-two-bytes",
            "a key blob of 128 bytes",
            Sample {
                key_blob: vec![0x42; 128],
                ..Sample::new(6)
            },
        ),
        (
            "length-three-bytes",
            "a key blob of 16384 bytes",
            Sample {
                key_blob: vec![0x43; 16_384],
                ..Sample::new(7)
            },
        ),
    ];
    let both = |(name, about, sample): &(&str, &str, Sample)| {
        [Layout::A, Layout::B].map(|layout| sample.vector(layout, name, about))
    };
    cases.iter().flat_map(both).collect()
}
