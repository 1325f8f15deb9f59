//! What can be written behind `payme merchants`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub(crate) struct MerchantsArgs {
    #[command(subcommand)]
    pub(crate) what: MerchantsWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MerchantsWhat {
    /// Say which merchant a bank descriptor names, why, and what would change that
    #[command(
        after_help = "Example:\n  payme merchants resolve \"SQ *BLUE BOTTLE 123 OAKLAND CA\""
    )]
    Resolve {
        /// The descriptors, as the bank writes them
        #[arg(value_name = "DESCRIPTOR", required = true)]
        descriptors: Vec<String>,
    },
    /// Learn aliases from everybody's corrections now, instead of at the next 500 of them
    Learn,
}
