//! Enums that are stored as words, and lifecycles drawn from their own tables.
//!
//! In: variants and the words they are stored as. Out: an enum that writes and reads them, and for
//! a lifecycle the diagram of its moves. A word is never derived from the name of a variant: that
//! may change, what is stored may not.

/// An enum whose variants are stored as words: `ALL`, `as_str`, `parse`, Display and serde.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
            serde::Serialize, serde::Deserialize,
        )]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// Every one of them, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in files and databases.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Reads the word of `as_str`.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// The diagram of a lifecycle, drawn from its own `next`: Mermaid, one line for each move.
macro_rules! lifecycle {
    ($state:ident, $move:ident, from $first:ident) => {
        impl $state {
            /// The lifecycle as a Mermaid state diagram, drawn from `next`.
            pub fn diagram() -> String {
                let mut lines =
                    vec!["stateDiagram-v2".to_owned(), format!("    [*] --> {}", Self::$first)];
                for from in Self::ALL {
                    for event in $move::ALL {
                        if let Some(to) = from.next(*event) {
                            lines.push(format!("    {from} --> {to}: {event}"));
                        }
                    }
                }
                for end in Self::ALL.iter().filter(|state| state.is_final()) {
                    lines.push(format!("    {end} --> [*]"));
                }
                lines.join("\n") + "\n"
            }

            /// Whether nothing can happen to it any more.
            pub fn is_final(self) -> bool {
                $move::ALL.iter().all(|event| self.next(*event).is_none())
            }
        }
    };
}

pub(crate) use {lifecycle, words};
