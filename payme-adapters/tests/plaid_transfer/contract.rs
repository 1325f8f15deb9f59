//! Whether JSON is what Plaid's description of its API allows.
//!
//! In: a path of the API, and a body that was sent or answered. Out: every way in which it is not
//! as described. The description is the published one where `PAYME_TEST_DATA` names a folder with
//! it, else `contract.json`: the names, types and required members of what is used here, and no
//! prose.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value};

/// A description of an API.
pub(crate) struct Contract {
    paths: BTreeMap<String, [String; 2]>,
    schemas: Map<String, Value>,
}

/// What is kept of a schema: facts that can be checked.
const CHECKED: [&str; 13] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "enum",
    "format",
    "items",
    "maxLength",
    "maxProperties",
    "maximum",
    "minimum",
    "nullable",
    "properties",
    "required",
];

impl Contract {
    /// The description that is at hand.
    pub(crate) fn new() -> Self {
        let own = Self::own();
        match published() {
            Some(schemas) => Self { schemas, ..own },
            None => own,
        }
    }

    /// The extract that is part of these tests.
    pub(crate) fn own() -> Self {
        let told: Value = serde_json::from_str(include_str!("contract.json")).unwrap();
        let paths = serde_json::from_value(told["paths"].clone()).unwrap();
        Self { paths, schemas: told["schemas"].as_object().unwrap().clone() }
    }

    /// What is wrong with a request; a member that is not described is wrong too.
    pub(crate) fn request(&self, path: &str, body: &Value) -> Vec<String> {
        self.check(&self.paths[path][0], body, true)
    }

    /// What is wrong with an answer.
    pub(crate) fn answer(&self, path: &str, status: u16, body: &Value) -> Vec<String> {
        let name = if status == 200 { self.paths[path][1].as_str() } else { "PlaidError" };
        self.check(name, body, false)
    }

    fn check(&self, name: &str, body: &Value, is_strict: bool) -> Vec<String> {
        let mut found = Vec::new();
        Walk { contract: self, is_strict, found: &mut found }.value(
            &self.schemas[name],
            body,
            name,
        );
        found
    }
}

struct Walk<'a> {
    contract: &'a Contract,
    is_strict: bool,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    fn value(&mut self, schema: &Value, value: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap();
            return self.value(&self.contract.schemas[name], value, at);
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.value(part, value, at);
        }
        let allowed = schema["enum"].as_array();
        let is_null_allowed =
            schema["nullable"] == true || allowed.is_some_and(|all| all.contains(&Value::Null));
        if value.is_null() && (is_null_allowed || schema["type"].is_null()) {
            return;
        }
        let is_right = match schema["type"].as_str() {
            Some("string") => value.is_string(),
            Some("integer") => value.is_i64() || value.is_u64(),
            Some("number") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            Some("array") => value.is_array(),
            Some("object") => value.is_object(),
            Some(other) => panic!("{at}: the schema has an unknown type {other}"),
            None => true,
        };
        if !is_right {
            return self.found.push(format!("{at}: {value} is no {}", schema["type"]));
        }
        if allowed.is_some_and(|all| !all.contains(value)) {
            self.found.push(format!("{at}: {value} is none of {}", schema["enum"]));
        }
        self.text(schema, value, at);
        let number = value.as_f64().unwrap_or(0.0);
        if schema["minimum"].as_f64().is_some_and(|least| number < least)
            || schema["maximum"].as_f64().is_some_and(|most| number > most)
        {
            self.found.push(format!("{at}: {value} is out of range"));
        }
        for (n, item) in value.as_array().into_iter().flatten().enumerate() {
            self.value(&schema["items"], item, &format!("{at}[{n}]"));
        }
        if let Some(members) = value.as_object() {
            self.object(schema, members, at);
        }
    }

    fn text(&mut self, schema: &Value, value: &Value, at: &str) {
        let Some(text) = value.as_str() else { return };
        if schema["maxLength"].as_u64().is_some_and(|most| text.chars().count() as u64 > most) {
            self.found.push(format!("{at}: is longer than {}", schema["maxLength"]));
        }
        let is_right = match schema["format"].as_str() {
            Some("date-time") => payme_core::types::Instant::parse(text).is_ok(),
            Some("date") => payme_core::types::parse_date(text).is_ok(),
            _ => true,
        };
        if !is_right {
            self.found.push(format!("{at}: {text} is no {}", schema["format"]));
        }
    }

    fn object(&mut self, schema: &Value, members: &Map<String, Value>, at: &str) {
        for name in schema["required"].as_array().into_iter().flatten() {
            if !members.contains_key(name.as_str().unwrap()) {
                self.found.push(format!("{at}: lacks {name}"));
            }
        }
        if schema["maxProperties"].as_u64().is_some_and(|most| members.len() as u64 > most) {
            self.found.push(format!("{at}: has more than {} members", schema["maxProperties"]));
        }
        for (name, value) in members {
            let at = format!("{at}.{name}");
            match (schema["properties"].get(name), &schema["additionalProperties"]) {
                (Some(member), _) => self.value(member, value, &at),
                (None, other @ Value::Object(_)) => self.value(other, value, &at),
                (None, Value::Bool(true)) => {}
                (None, _) if self.is_strict => self.found.push(format!("{at}: is not described")),
                (None, _) => {}
            }
        }
    }
}

/// The schemas of the published description, where tests are given it.
fn published() -> Option<Map<String, Value>> {
    let path = PathBuf::from(std::env::var_os("PAYME_TEST_DATA")?).join("plaid/2020-09-14.yml");
    let text = std::fs::read_to_string(path).unwrap();
    let told: serde_yaml_ng::Value = serde_yaml_ng::from_str(&text).unwrap();
    let own = Contract::own();
    let mut schemas = Map::new();
    for name in own.schemas.keys() {
        let schema = &told["components"]["schemas"][name.as_str()];
        schemas.insert(name.clone(), facts(&serde_json::to_value(schema).unwrap()));
    }
    for (path, [request, answer]) in &own.paths {
        let call = &told["paths"][path.as_str()]["post"];
        let name = |content: &serde_yaml_ng::Value| {
            content["content"]["application/json"]["schema"]["$ref"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            [name(&call["requestBody"]), name(&call["responses"]["200"])],
            [request.clone(), answer.clone()],
            "{path}"
        );
        assert_eq!(name(&call["responses"]["default"]), "PlaidError", "{path}");
    }
    Some(schemas)
}

/// A schema without what is not checked.
fn facts(schema: &Value) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let kept =
        members.iter().filter(|(name, _)| CHECKED.contains(&name.as_str()) || *name == "type");
    let read = |name: &str, value: &Value| match (name, value) {
        ("properties", Value::Object(all)) => {
            all.iter().map(|(name, one)| (name.clone(), facts(one))).collect()
        }
        ("allOf", Value::Array(all)) => all.iter().map(facts).collect(),
        ("items" | "additionalProperties", one) => facts(one),
        (_, other) => other.clone(),
    };
    kept.map(|(name, value)| (name.clone(), read(name, value))).collect()
}

#[test]
fn the_extract_says_what_the_published_description_says() {
    let own = Contract::own();
    for (name, schema) in &own.schemas {
        assert_eq!(facts(schema), *schema, "{name} holds facts only");
    }
    let Some(published) = published() else {
        return println!("not compared: PAYME_TEST_DATA is not set");
    };
    for (name, schema) in &own.schemas {
        assert_eq!(published.get(name), Some(schema), "{name}");
    }
}

#[test]
fn what_is_not_as_described_is_found() {
    let contract = Contract::own();
    let wrong =
        |path: &str, body: &str| contract.request(path, &serde_json::from_str(body).unwrap());
    #[rustfmt::skip]
    let table = [
        ("/transfer/event/sync", r#"{"after_id": 0, "count": 500}"#, ""),
        ("/transfer/event/sync", r#"{"count": null}"#,               "lacks \"after_id\""),
        ("/transfer/event/sync", r#"{"after_id": "0"}"#,             "is no \"integer\""),
        ("/transfer/event/sync", r#"{"after_id": -1}"#,              "is out of range"),
        ("/transfer/event/sync", r#"{"after_id": 0, "count": 501}"#, "is out of range"),
        ("/transfer/event/sync", r#"{"after_id": 0, "x": 1}"#,       "is not described"),
        ("/transfer/cancel",     r#"{"transfer_id": "a", "reason_code": "X"}"#, "is none of"),
        ("/transfer/list",       r#"{"start_date": "yesterday"}"#,   "is no \"date-time\""),
        ("/transfer/create",     r#"{"access_token": "a", "account_id": "b", "authorization_id": "c", "description": "sixteen letters.",
            "metadata": {"a": "b"}}"#, "is longer than 15"),
        ("/transfer/create",     r#"{"access_token": "a", "account_id": "b", "authorization_id": "c", "description": "d",
            "metadata": {"a": 1}}"#, "is no \"string\""),
    ];
    for (path, body, wanted) in table {
        let found = wrong(path, body);
        assert_eq!(found.is_empty(), wanted.is_empty(), "{body} {found:?}");
        assert!(found.iter().all(|one| one.contains(wanted)), "{body} {found:?}");
    }
}
