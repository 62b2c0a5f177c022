//! What the description of the API says of every operation alike: who may use it, and how it refuses.

use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{AdditionalProperties, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, ObjectBuilder, OpenApi, PathItem, Ref, RefOr,
    ResponseBuilder, Schema,
};
use utoipa::{PartialSchema, ToSchema};

use super::access::{self, Lookup, Scope, Who, lookup};
use crate::wire::problem::{MEDIA_TYPE, Problem};
use crate::wire::stream::EventBody;

const SCHEME: &str = "bearer";

/// The headers that name a state of a book, as they are written down.
const SEQUENCE: &str = "Book-Sequence";
const AT_LEAST: &str = "Book-Sequence-At-Least";

/// The operations that answer from one state of a book, which a request may name.
const OF_ONE_STATE: [&str; 18] = [
    "audit",
    "audit_head",
    "chart",
    "get_book",
    "get_ledger",
    "get_org",
    "get_transaction",
    "ledger_entries",
    "list_assertions",
    "list_currencies",
    "list_imports",
    "list_ledgers",
    "list_operations",
    "list_prices",
    "list_transactions",
    "report",
    "totals",
    "transaction_history",
];

/// Adds title, security and problem answers to a description made from the routes.
pub fn complete(mut api: OpenApi) -> OpenApi {
    api.info = InfoBuilder::new()
        .title("HissabBook")
        .version("1")
        .description(Some("Double-entry books over HTTP. Amounts are decimal strings; every refusal is a problem (RFC 9457)."))
        .build();
    for (path, item) in &mut api.paths.paths {
        for (method, operation) in operations(item) {
            if let Lookup::Operation(known) = lookup(&method, path) {
                describe(operation, known);
            }
        }
    }
    let components = api.components.get_or_insert_with(Components::default);
    for schema in components.schemas.values_mut() {
        one_member(schema);
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    schemas.push((EventBody::name().into_owned(), EventBody::schema()));
    components.schemas.extend(schemas);
    api
}

/// A choice between objects of one member each: two of them at once are neither.
fn one_member(schema: &mut RefOr<Schema>) {
    let RefOr::T(Schema::OneOf(choice)) = schema else {
        return;
    };
    for item in &mut choice.items {
        if let RefOr::T(Schema::Object(object)) = item
            && object.properties.len() == 1
        {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// What a header of a name holds.
fn header_schema(operation: &str, name: &str) -> Option<Schema> {
    let text = |pattern: &str| {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        Schema::Object(schema.pattern(Some(pattern)).build())
    };
    match name {
        "If-Match" if operation == "patch_org" => Some(text("^\"s[0-9]{1,18}\"$")),
        "If-Match" => Some(text("^\"v[1-9][0-9]{0,8}\"$")),
        "Idempotency-Key" => Some(text("^[!-~]{1,200}$")),
        "last-event-id" | SEQUENCE | AT_LEAST => Some(text("^[0-9]{1,18}$")),
        _ => None,
    }
}

/// What a request may say about the state of the book that it is answered from.
fn state_headers() -> [Parameter; 2] {
    let header = |name: &str, words: &str| {
        let header = ParameterBuilder::new().name(name);
        let header = header.parameter_in(ParameterIn::Header);
        header.description(Some(words)).build()
    };
    [
        header(
            SEQUENCE,
            "Answer from this state of the book, or not at all: 409 `book-moved`",
        ),
        header(
            AT_LEAST,
            "Answer from this state of the book or a later one: the `sequence` that a write answered",
        ),
    ]
}

/// What makes a request repeatable.
fn key_header() -> Parameter {
    let header = ParameterBuilder::new().name("Idempotency-Key");
    let header = header.parameter_in(ParameterIn::Header);
    let words = "The same key and request again get the same answer, and nothing is done twice";
    header.description(Some(words)).build()
}

/// Every operation of a path, with its method.
pub fn operations(item: &mut PathItem) -> Vec<(axum::http::Method, &mut Operation)> {
    use axum::http::Method;
    let all = [
        (Method::GET, item.get.as_mut()),
        (Method::POST, item.post.as_mut()),
        (Method::PUT, item.put.as_mut()),
        (Method::PATCH, item.patch.as_mut()),
        (Method::DELETE, item.delete.as_mut()),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation?)))
        .collect()
}

fn describe(operation: &mut Operation, known: &access::Operation) {
    operation.operation_id = Some(known.id.to_owned());
    let before = operation
        .description
        .take()
        .map(|d| d + "\n\n")
        .unwrap_or_default();
    let tried = operation.parameters.iter().flatten();
    let mut names = tried.filter_map(|p| match p {
        RefOr::T(p) => Some(p.name.as_str()),
        RefOr::Ref(_) => None,
    });
    let trial = if known.scope == Scope::Write && !names.any(|name| name == "dry_run") {
        " Cannot be tried out: `dry_run=true` is refused."
    } else {
        ""
    };
    operation.description = Some(before + &known.said() + trial);
    if known.who != Who::Anyone {
        let needs = SecurityRequirement::new(SCHEME, Vec::<String>::new());
        operation.security = Some(vec![needs]);
    }
    if OF_ONE_STATE.contains(&known.id) {
        let parameters = operation.parameters.get_or_insert_with(Vec::new);
        parameters.extend(state_headers().map(RefOr::T));
    }
    if known.keyed {
        let parameters = operation.parameters.get_or_insert_with(Vec::new);
        parameters.push(RefOr::T(key_header()));
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(schema) = header_schema(known.id, &parameter.name)
        {
            parameter.schema = Some(RefOr::T(schema));
        }
    }
    let problem = ResponseBuilder::new()
        .description("Why it was not done")
        .content(
            MEDIA_TYPE,
            Content::new(Some(Ref::from_schema_name(Problem::name()))),
        )
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), RefOr::T(problem));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_in_the_table() {
        let mut api = super::super::router::description();
        let mut count = 0;
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in operations(item) {
                let known = lookup(&method, path);
                assert!(
                    matches!(known, Lookup::Operation(_)),
                    "{method} {path} is not in the table"
                );
                assert!(
                    operation.responses.responses.contains_key("default"),
                    "{path}"
                );
                count += 1;
            }
        }
        assert!(count > 2, "no routes at all");
    }
}
