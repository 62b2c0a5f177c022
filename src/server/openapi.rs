//! What the description of the API says of every operation alike: who may use it, and how it refuses.

use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, Content, InfoBuilder, OpenApi, PathItem, Ref, RefOr, ResponseBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use super::access::{self, Lookup, Who, lookup};
use crate::wire::problem::{MEDIA_TYPE, Problem};

const SCHEME: &str = "bearer";

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
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    let mut schemas = vec![(Problem::name().into_owned(), Problem::schema())];
    Problem::schemas(&mut schemas);
    components.schemas.extend(schemas);
    api
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
    operation.description = Some(before + &known.said());
    if known.who != Who::Anyone {
        let needs = SecurityRequirement::new(SCHEME, Vec::<String>::new());
        operation.security = Some(vec![needs]);
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
