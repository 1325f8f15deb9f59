//! The provider's message object.

use payme_core::types::json::Refusal;

use crate::files::raw::{self, Fields, Place};

/// A message object, each field of its type but not yet judged. It has no Debug: it is
/// personal data.
pub(crate) struct Message<'a> {
    pub(crate) id: String,
    /// The milliseconds since 1970 as they are written, and their place.
    pub(crate) internal_date: Option<(String, Place)>,
    pub(crate) snippet: Option<String>,
    /// The headers of the payload by name; absent when there is no payload.
    pub(crate) headers: Option<Vec<(String, String)>>,
    /// The whole message in base64url, and its place.
    pub(crate) raw: Option<(String, Place)>,
    /// What else was sent.
    pub(crate) rest: Fields<'a>,
}

impl<'a> Message<'a> {
    /// Takes a message object apart.
    ///
    /// # Errors
    /// `missing_field`, `wrong_type` or `malformed_json` at the field's path.
    pub(crate) fn read(mut fields: Fields<'a>) -> Result<Self, Refusal> {
        let id = fields.take_text("id")?;
        let id = id.ok_or_else(|| fields.place.member("id").missing())?;
        let at = |name: &str, fields: &Fields<'_>| fields.place.member(name);
        let internal_date = match fields.take("internalDate") {
            None => None,
            Some(raw) => {
                let place = at("internalDate", &fields);
                Some((raw::decimal(raw, &place)?, place))
            }
        };
        let headers = headers(&mut fields)?;
        let raw = fields.take_text("raw")?.map(|text| (text, at("raw", &fields)));
        let snippet = fields.take_text("snippet")?;
        Ok(Self { id, internal_date, snippet, headers, raw, rest: fields })
    }
}

fn headers(fields: &mut Fields<'_>) -> Result<Option<Vec<(String, String)>>, Refusal> {
    let Some(payload) = fields.inside("payload")? else { return Ok(None) };
    fields.take("payload");
    let mut headers = Vec::new();
    if let Some(list) = payload.peek("headers") {
        let place = payload.place.member("headers");
        raw::each_item(list, &place, |index, item| {
            let place = payload.place.member(&format!("headers[{index}]"));
            let mut header = Fields::read(item, place)?;
            let name = header.take_text("name")?;
            let name = name.ok_or_else(|| header.place.member("name").missing())?;
            headers.push((name, header.take_text("value")?.unwrap_or_default()));
            Ok(())
        })?;
    }
    Ok(Some(headers))
}
