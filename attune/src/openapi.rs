//! The OpenAPI 3.1 description of the REST interface: one table of operations over one set of shapes, in `openapi.json`.
//!
//! It is the only description there is: handlers carry none. Tests hold it against the routes the rooms really have, in both directions,
//! and read it as the standard demands.

/// The description as written.
const TEXT: &str = include_str!("openapi.json");

/// The description, with the version of this program.
pub fn document() -> serde_json::Value {
    let mut document: serde_json::Value = serde_json::from_str(TEXT).unwrap_or_default();
    if let Some(info) = document.get_mut("info").and_then(serde_json::Value::as_object_mut) {
        info.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    }
    document
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use utoipa::openapi::OpenApi;

    use super::*;

    fn described() -> BTreeSet<String> {
        let document = document();
        document["paths"].as_object().unwrap().keys().cloned().collect()
    }

    fn routes(dir: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                routes(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "rs") && !path.ends_with("http_tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                for piece in text.split(".route(\"/api/v1/").skip(1) {
                    found.insert(format!("/api/v1/{}", piece.split('"').next().unwrap()));
                }
            }
        }
    }

    #[test]
    fn every_route_is_described_and_every_description_has_its_route() {
        let mut real = BTreeSet::new();
        routes(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rooms"), &mut real);
        assert_eq!(described(), real);
    }

    #[test]
    fn it_is_openapi() {
        let document: OpenApi = serde_json::from_value(document()).unwrap();
        assert!(document.components.is_some_and(|c| c.schemas.contains_key("Contact")));
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let known = document();
        for piece in TEXT.split("\"#/").skip(1) {
            let pointer = format!("/{}", piece.split('"').next().unwrap());
            assert!(known.pointer(&pointer).is_some(), "{pointer} leads nowhere");
        }
    }
}
