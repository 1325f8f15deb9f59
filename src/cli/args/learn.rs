//! What can be written behind `payme learn`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use payme::learning::CalibrationKind;
use payme::matching::SignalSet;
use payme::types::RunId;

use super::parse_signals;

#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "\
Every night:
  payme learn train --if-due
  payme match --all --weights payme-weights/weights.json    once that file is there

The weights that were ever trained stay in the folder of --artifacts; weights.json there is what \
is in force, and is there from the first promotion on."
)]
pub(crate) struct LearnArgs {
    #[command(subcommand)]
    pub(crate) what: LearnWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LearnWhat {
    /// Note how many results of a run a person saw
    #[command(after_help = "Example:\n  payme learn shown \
00000000-0000-7000-8000-000000000001 5\n\nAs long as nothing is noted of a person, all results of \
their runs count as seen; from the first note on only what is noted does. Positions are those of \
the ranking: pins are not looked at.")]
    Shown {
        /// The run, as `payme match --user ID --format json` names it
        #[arg(value_name = "RUN")]
        run: RunId,
        /// How many, from the best on
        #[arg(value_name = "COUNT")]
        count: u32,
    },
    /// Write what people were shown and what came of it, one row for each person and settlement
    #[command(after_help = "\
Examples:
  payme learn export --out samples.json
  payme learn export --out samples.parquet
  payme learn export > samples.json

The form follows the name: Parquet for `.parquet`, a JSON array otherwise, or a line for each row \
with --format jsonl.")]
    Export {
        /// The file [default: JSON to stdout]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Fit the weights of the ranker, judge them, and put them in force if they are better
    #[command(after_help = "\
Examples:
  payme learn train
  payme learn train --samples samples.json --calibration isotonic --holdout time
  payme learn train --samples samples.json --if-due --format json

The weights are stored whether they are better or not. The exit code is 0 in both cases: look at \
`promoted`.")]
    Train {
        #[command(flatten)]
        samples: SamplesArgs,
        #[command(flatten)]
        artifacts: ArtifactsArgs,
        #[command(flatten)]
        fit: FitArgs,
        #[command(flatten)]
        holdout: HoldoutArgs,
        #[command(flatten)]
        policy: PolicyArgs,
        /// Do nothing unless there are 50 labels, and both of them occur
        #[arg(long)]
        if_due: bool,
    },
    /// Hold weights against those in force, without putting them there
    #[command(after_help = "\
Examples:
  payme learn evaluate 3
  payme learn evaluate --weights mine.json --samples samples.json
  payme learn evaluate --variants

Of a version that was trained here, the same people are held out as then. Of a file nobody knows \
whom its fit has seen: --holdout, --share and --seed choose who judges it.")]
    Evaluate {
        /// The version [default: the newest]
        #[arg(value_name = "VERSION", conflicts_with = "weights")]
        version: Option<u32>,
        /// Weights of a file
        #[arg(long, value_name = "FILE")]
        weights: Option<PathBuf>,
        /// Compare the variants of matching instead, by what came of those whom chance gave each
        #[arg(long, conflicts_with_all = ["version", "weights"])]
        variants: bool,
        #[command(flatten)]
        samples: SamplesArgs,
        #[command(flatten)]
        artifacts: ArtifactsArgs,
        #[command(flatten)]
        holdout: HoldoutArgs,
        #[command(flatten)]
        policy: PolicyArgs,
    },
    /// Write a page about weights: what they are worth, beside those in force, and why
    #[command(after_help = "\
Examples:
  payme learn report --out report.html
  payme learn report 3 --samples samples.json --out report.html

One HTML file that needs nothing else. The version in force is held against the one before it, any \
other against the one in force.")]
    Report {
        /// The version [default: the newest]
        #[arg(value_name = "VERSION")]
        version: Option<u32>,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        samples: SamplesArgs,
        #[command(flatten)]
        artifacts: ArtifactsArgs,
        #[command(flatten)]
        policy: PolicyArgs,
    },
    /// Put a version in force, if it is still better than what is
    #[command(after_help = "\
Examples:
  payme learn promote 3
  payme learn promote 2 --roll-back

The version is judged again on the people that were held out of it. It is refused (exit code 1) \
where it does not beat what is in force; going back is not judged, and version 0 are the built-in \
weights.")]
    Promote {
        /// The version
        #[arg(value_name = "VERSION")]
        version: u32,
        /// Go back to it without judging it
        #[arg(long, conflicts_with_all = ["samples", "policy"])]
        roll_back: bool,
        #[command(flatten)]
        samples: SamplesArgs,
        #[command(flatten)]
        artifacts: ArtifactsArgs,
        #[command(flatten)]
        policy: PolicyArgs,
    },
}

/// Where samples come from.
#[derive(Debug, Args)]
pub(crate) struct SamplesArgs {
    /// Rows of `payme learn export`, as JSON [default: what the database holds]
    #[arg(long, value_name = "FILE")]
    pub(crate) samples: Option<PathBuf>,
}

/// Where weights are kept.
#[derive(Debug, Args)]
pub(crate) struct ArtifactsArgs {
    /// The folder of trained weights
    #[arg(long, value_name = "FOLDER", default_value = "payme-weights")]
    pub(crate) artifacts: PathBuf,
}

/// How weights are fitted.
#[derive(Debug, Args)]
pub(crate) struct FitArgs {
    /// The signals to learn from: `evidence` or `baseline`
    #[arg(long, value_name = "SET", value_parser = parse_signals, default_value = "evidence")]
    pub(crate) signals: SignalSet,
    /// The strength of the squared penalty
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0)]
    pub(crate) l2: f64,
    /// The strength of the absolute penalty
    #[arg(long, value_name = "NUMBER", default_value_t = 0.0)]
    pub(crate) l1: f64,
    /// No weight below 0: more of a signal never lowers a score
    #[arg(long)]
    pub(crate) not_negative: bool,
    /// Let both labels count as much, however rare one of them is
    #[arg(long)]
    pub(crate) balanced: bool,
    /// What brings probabilities to what came of them: `none`, `platt`, `temperature`, `isotonic`
    /// or `beta`
    #[arg(
        long,
        value_name = "KIND",
        value_parser = parse_calibration,
        default_value = "temperature"
    )]
    pub(crate) calibration: CalibrationKind,
}

/// Which rows are held out.
#[derive(Debug, Args)]
pub(crate) struct HoldoutArgs {
    /// Hold out people by chance, or what was shown last
    #[arg(long, value_enum, default_value = "users")]
    pub(crate) holdout: HoldoutBy,
    /// The share that is held out
    #[arg(long, value_name = "SHARE", default_value_t = 0.3)]
    pub(crate) share: f64,
    /// What all chance follows from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,
}

/// What rows are held out by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HoldoutBy {
    /// By a hash of the person.
    Users,
    /// By when it was shown.
    Time,
}

/// What new weights have to show.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// What new weights have to show: a higher precision at 5 (`strict`), or also that chance is an
    /// unlikely reason and that probabilities are no worse (`guarded`)
    #[arg(long, value_enum, default_value = "guarded")]
    pub(crate) policy: Policy,
}

/// What new weights have to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Policy {
    /// A higher precision at 5.
    Strict,
    /// That, beyond chance, and probabilities that are no worse.
    Guarded,
}

fn parse_calibration(text: &str) -> Result<CalibrationKind, String> {
    CalibrationKind::parse(text).ok_or_else(|| {
        let words: Vec<&str> = CalibrationKind::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("expected one of {}", words.join(", "))
    })
}
