//! People out of Arrow: one row is one person.
//!
//! In: a record batch with the columns `user_id` and `keys`, and any of `state`, `confidences`,
//! `counts`, `sources`, `first_seen`, `last_seen` and `date_of_birth`. Out: [`UserFeatures`], or
//! the row, the column and what is wrong. What always holds: a person comes once, and a column
//! that is not known is refused, because a misspelt `state` must not make a person stateless.

use std::collections::HashSet;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, ArrayRef, LargeListArray, LargeStringArray, RecordBatch};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{DataType, Field};
use payme_core::evidence::{UserFeature, UserFeatures};
use payme_core::types::json::Coded;
use payme_core::types::{
    Confidence, Date, FeatureKey, Person, Source, State, UserId, parse_date, parse_day,
};
use uuid::Uuid;

use crate::catalog::fault;
use crate::error::Failure;

const COLUMNS: [&str; 9] = [
    "user_id",
    "state",
    "date_of_birth",
    "keys",
    "confidences",
    "counts",
    "sources",
    "first_seen",
    "last_seen",
];

/// The people of a batch whose first row has this number.
pub(crate) fn read(
    batch: &RecordBatch,
    first_row: usize,
    seen: &mut HashSet<UserId>,
) -> Result<Vec<UserFeatures>, Failure> {
    let schema = batch.schema();
    let unknown = schema.fields().iter().find(|field| !COLUMNS.contains(&field.name().as_str()));
    if let Some(field) = unknown {
        let message = format!(
            "there is no use for the column {:?}: leave it away, or name one of {}",
            field.name(),
            COLUMNS.join(", ")
        );
        return Err(Failure::input("unknown_column", message));
    }
    let columns = Columns {
        user_ids: ids(batch)?,
        states: texts(batch, "state")?,
        births: days(batch, "date_of_birth")?,
        keys: need("keys", lists(batch, "keys", &DataType::LargeUtf8)?)?,
        confidences: need("confidences", lists(batch, "confidences", &DataType::Float64)?)?,
        counts: lists(batch, "counts", &DataType::Int64)?,
        sources: lists(batch, "sources", &DataType::LargeUtf8)?,
        first_seen: day_lists(batch, "first_seen")?,
        last_seen: day_lists(batch, "last_seen")?,
    };
    (0..batch.num_rows())
        .map(|at| {
            let row = Row { columns: &columns, at, number: first_row + at };
            let user = row.user()?;
            if seen.insert(user.person().user_id) {
                return Ok(user);
            }
            let message = format!(
                "row {} (counted from 0), user_id: the same person stands in an earlier row",
                row.number
            );
            Err(Failure::input("duplicate_user", message).at(row.number))
        })
        .collect()
}

/// The columns in one type each.
struct Columns {
    user_ids: Ids,
    states: Option<LargeStringArray>,
    births: Option<LargeStringArray>,
    keys: LargeListArray,
    confidences: LargeListArray,
    counts: Option<LargeListArray>,
    sources: Option<LargeListArray>,
    first_seen: Option<LargeListArray>,
    last_seen: Option<LargeListArray>,
}

/// Ids as text, or as the 16 bytes that they are.
enum Ids {
    Text(LargeStringArray),
    Bytes(ArrayRef),
}

fn need<T>(name: &str, column: Option<T>) -> Result<T, Failure> {
    column.ok_or_else(|| {
        Failure::input("column_missing", format!("the column {name:?} is not there"))
    })
}

/// A column as another type; `None` where there is no such column, or nothing in it.
fn column(batch: &RecordBatch, name: &str, to: &DataType) -> Result<Option<ArrayRef>, Failure> {
    batch.column_by_name(name).map(|column| cast(name, column, to)).transpose()
}

fn cast(name: &str, column: &ArrayRef, to: &DataType) -> Result<ArrayRef, Failure> {
    // Not safe means that a value that has no place in the type is an error and not null.
    let options = CastOptions { safe: false, ..CastOptions::default() };
    cast_with_options(column, to, &options).map_err(|error| {
        let found = column.data_type();
        Failure::input("column_type", format!("{name}: {found} does not serve: {error}"))
    })
}

fn list_of(item: &DataType) -> DataType {
    DataType::LargeList(Field::new("item", item.clone(), true).into())
}

fn ids(batch: &RecordBatch) -> Result<Ids, Failure> {
    let column = need("user_id", batch.column_by_name("user_id"))?;
    Ok(match column.data_type() {
        DataType::FixedSizeBinary(16) => Ids::Bytes(column.clone()),
        _ => Ids::Text(cast("user_id", column, &DataType::LargeUtf8)?.as_string().clone()),
    })
}

fn texts(batch: &RecordBatch, name: &str) -> Result<Option<LargeStringArray>, Failure> {
    Ok(column(batch, name, &DataType::LargeUtf8)?.map(|column| column.as_string().clone()))
}

fn lists(
    batch: &RecordBatch,
    name: &str,
    item: &DataType,
) -> Result<Option<LargeListArray>, Failure> {
    Ok(column(batch, name, &list_of(item))?.map(|column| column.as_list().clone()))
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// Days as text; instants become their UTC day first.
fn days(batch: &RecordBatch, name: &str) -> Result<Option<LargeStringArray>, Failure> {
    let Some(found) = batch.column_by_name(name) else { return Ok(None) };
    let days = if is_text(found.data_type()) {
        found.clone()
    } else {
        cast(name, found, &DataType::Date32)?
    };
    Ok(Some(cast(name, &days, &DataType::LargeUtf8)?.as_string().clone()))
}

fn day_lists(batch: &RecordBatch, name: &str) -> Result<Option<LargeListArray>, Failure> {
    let Some(found) = batch.column_by_name(name) else { return Ok(None) };
    let item = match found.data_type() {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => item.data_type(),
        other => other,
    };
    let days =
        if is_text(item) { found.clone() } else { cast(name, found, &list_of(&DataType::Date32))? };
    let texts = cast(name, &days, &list_of(&DataType::LargeUtf8))?;
    Ok(Some(texts.as_list().clone()))
}

/// One row of the columns.
struct Row<'a> {
    columns: &'a Columns,
    at: usize,
    /// Its number in the whole stream, from 0.
    number: usize,
}

/// The entries of a list in one row; none where the list is null.
fn entries(lists: &LargeListArray, at: usize) -> Option<ArrayRef> {
    lists.is_valid(at).then(|| lists.value(at))
}

impl Row<'_> {
    fn user(&self) -> Result<UserFeatures, Failure> {
        let Columns { states, births, keys, .. } = self.columns;
        let state = self.text(states.as_ref());
        let state = state.map(|text| self.parsed("state", text.parse::<State>()));
        let birth = self.text(births.as_ref()).map(parse_date);
        let birth = birth.map(|day| self.parsed("date_of_birth", day));
        let person = Person {
            user_id: self.user_id()?,
            state: state.transpose()?,
            date_of_birth: birth.transpose()?,
        };
        let keys = entries(keys, self.at);
        let features = self.features(keys.as_ref())?;
        UserFeatures::new(person, features).map_err(|error| fault(&error, self.number, "keys"))
    }

    fn parsed<T, E: Coded>(&self, column: &str, value: Result<T, E>) -> Result<T, Failure> {
        value.map_err(|error| fault(&error, self.number, column))
    }

    fn user_id(&self) -> Result<UserId, Failure> {
        let at = self.at;
        match &self.columns.user_ids {
            Ids::Text(texts) if texts.is_valid(at) => {
                self.parsed("user_id", texts.value(at).parse::<UserId>())
            }
            Ids::Bytes(all) if all.is_valid(at) => {
                let bytes = Uuid::from_slice(all.as_fixed_size_binary().value(at));
                let wrong = |error: uuid::Error| self.wrong("invalid_id", "user_id", &error);
                bytes.map(UserId::from_uuid).map_err(wrong)
            }
            _ => Err(self.missing("user_id")),
        }
    }

    /// The text of this row, if there is one.
    fn text<'t>(&self, texts: Option<&'t LargeStringArray>) -> Option<&'t str> {
        texts.filter(|texts| texts.is_valid(self.at)).map(|texts| texts.value(self.at))
    }

    fn wrong(&self, code: &'static str, column: &str, what: &dyn std::fmt::Display) -> Failure {
        let message = format!("row {} (counted from 0), {column}: {what}", self.number);
        Failure::input(code, message).at(self.number)
    }

    fn missing(&self, column: &str) -> Failure {
        let message = format!("row {} (counted from 0), {column}: a value is missing", self.number);
        Failure::missing(message).at(self.number)
    }

    /// The list of another column in this row, as long as the keys are many.
    fn beside(
        &self,
        name: &str,
        column: Option<&LargeListArray>,
        keys: usize,
    ) -> Result<Option<ArrayRef>, Failure> {
        let Some(found) = column.and_then(|lists| entries(lists, self.at)) else {
            return Ok(None);
        };
        if found.len() == keys {
            return Ok(Some(found));
        }
        let what = format!("there are {} of them for {keys} keys", found.len());
        Err(self.wrong("list_length", name, &what))
    }

    fn features(&self, keys: Option<&ArrayRef>) -> Result<Vec<UserFeature>, Failure> {
        let columns = self.columns;
        let count = keys.map_or(0, |keys| keys.len());
        let confidences = self.beside("confidences", Some(&columns.confidences), count)?;
        let counts = self.beside("counts", columns.counts.as_ref(), count)?;
        let sources = self.beside("sources", columns.sources.as_ref(), count)?;
        let first_seen = self.beside("first_seen", columns.first_seen.as_ref(), count)?;
        let last_seen = self.beside("last_seen", columns.last_seen.as_ref(), count)?;
        let Some(keys) = keys else { return Ok(Vec::new()) };
        let features = (0..count).map(|entry| {
            let key = text_at(Some(keys), entry).ok_or_else(|| self.missing("keys"))?;
            let sure = confidences.as_ref().filter(|all| all.is_valid(entry));
            let sure = sure.ok_or_else(|| self.missing("confidences"))?;
            let sure = Confidence::new(sure.as_primitive::<Float64Type>().value(entry));
            let feature = UserFeature {
                key: self.parsed("keys", key.parse::<FeatureKey>())?,
                source: self.source(text_at(sources.as_ref(), entry))?,
                confidence: self.parsed("confidences", sure)?,
                count: self.count(counts.as_ref(), entry)?,
                first_seen: self.day("first_seen", text_at(first_seen.as_ref(), entry))?,
                last_seen: self.day("last_seen", text_at(last_seen.as_ref(), entry))?,
                by_day: Vec::new(),
            };
            match (feature.first_seen, feature.last_seen) {
                (Some(first), Some(last)) if first > last => {
                    Err(self.wrong("reversed_range", "first_seen", &"it is after last_seen"))
                }
                _ => Ok(feature),
            }
        });
        features.collect()
    }

    fn source(&self, word: Option<&str>) -> Result<Source, Failure> {
        // Tables of features come from bank records, unless they say otherwise.
        let Some(word) = word else { return Ok(Source::Plaid) };
        let unknown = || self.wrong("unknown_source", "sources", &"expected gmail or plaid");
        Source::parse(word).ok_or_else(unknown)
    }

    fn count(&self, counts: Option<&ArrayRef>, entry: usize) -> Result<u32, Failure> {
        let Some(counts) = counts.filter(|counts| counts.is_valid(entry)) else { return Ok(1) };
        let count = u32::try_from(counts.as_primitive::<Int64Type>().value(entry));
        let out = || self.wrong("out_of_range", "counts", &"a count is from 1 to 4294967295");
        count.ok().filter(|count| *count > 0).ok_or_else(out)
    }

    fn day(&self, column: &str, text: Option<&str>) -> Result<Option<Date>, Failure> {
        text.map(|text| self.parsed(column, parse_day(text))).transpose()
    }
}

/// One entry of a list of texts, if there is one.
fn text_at(texts: Option<&ArrayRef>, entry: usize) -> Option<&str> {
    let texts = texts?.as_string::<i64>();
    texts.is_valid(entry).then(|| texts.value(entry))
}
