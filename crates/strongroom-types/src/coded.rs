//! One macro for the closed lists: each variant has a number for bytes and a name for text.

/// Declares an enum whose variants have a permanent number (binary formats) and a permanent name
/// (JSON, log, docs). Numbers and names are never reused.
macro_rules! coded_enum {
    (
        $(#[doc = $about:literal])+
        $name:ident: $repr:ty {
            $( $(#[$doc:meta])* $variant:ident = $code:literal, $text:literal; )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$doc])* #[serde(rename = $text)] $variant, )+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [Self] = &[ $( Self::$variant ),+ ];

            /// The permanent number used in binary formats.
            #[must_use]
            pub const fn code(self) -> $repr {
                match self { $( Self::$variant => $code ),+ }
            }

            /// The variant of a number; `None` for a number that was never given out.
            #[must_use]
            pub const fn from_code(code: $repr) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )+ _ => None }
            }

            /// The permanent name used in text.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text ),+ }
            }

            /// The variant of a name; `None` for a name that was never given out.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $( $text => Some(Self::$variant), )+ _ => None }
            }
        }

        // The derive of `utoipa` does not see through the macro what a variant is called on the wire.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let about = concat!($($about),+);
                $crate::schema::names(about.trim(), &[ $( $text ),+ ]).into()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Borrowed(stringify!($name))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

pub(crate) use coded_enum;
