//! The document from the route table.

use strongroom_types::body::{Problem, TokenError};
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, Header, InfoBuilder, OpenApi, OpenApiBuilder, Paths, Ref,
    RefOr, Required, Response, ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema as _, ToSchema};

use crate::routes::endpoint::{Content, Endpoint, Tag, Written};
use crate::routes::endpoints;

const BEARER: &str = "bearer";

const INTRODUCTION: &str = "Strongroom seals values for a tenant and, if asked, for a person. It \
answers only for a verified caller, and only after the use of a key is durable in a log that \
anyone holding a checkpoint can check. Bytes are standard base64 with padding in JSON; batches \
may be CBOR (`application/cbor`) with byte strings, and are answered alike. Unknown fields, \
duplicate keys and unknown parameters are refused. Every answer names its request in \
`Strongroom-Request-Id`, and its entry in the log in `Strongroom-Log-Entry`.";

/// Makes the document.
pub(super) fn build() -> OpenApi {
    let table = endpoints();
    let mut paths = Paths::new();
    for row in &table {
        add(&mut paths, row);
    }
    let info = InfoBuilder::new()
        .title("Strongroom")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION));
    let tags = Tag::ALL.map(|tag| {
        TagBuilder::new()
            .name(tag.name())
            .description(Some(tag.description()))
            .build()
    });
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths)
        .components(Some(components(&table).build()))
        .tags(Some(tags))
        .build()
}

fn components(table: &[Endpoint]) -> ComponentsBuilder {
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    for content in table.iter().flat_map(|row| [row.takes, row.gives]) {
        if let Content::Json(shape) | Content::JsonOrCbor(shape) | Content::Form(shape) = content {
            (shape.schemas)(&mut schemas);
        }
    }
    schemas.push((Problem::name().into_owned(), Problem::schema()));
    Problem::schemas(&mut schemas);
    schemas.push((TokenError::name().into_owned(), TokenError::schema()));
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "An API key, or a token from `POST /v1/oauth/token`. With an API key, \
             `Strongroom-Identity` may carry the user's JWT.",
        ))
        .build();
    ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(BEARER, SecurityScheme::Http(bearer))
}

fn add(paths: &mut Paths, row: &Endpoint) {
    let operation = OperationBuilder::new()
        .tag(row.tag.name())
        .operation_id(Some(operation_id(row)))
        .summary(Some(row.summary))
        .parameters(Some(parameters(row)))
        .request_body(request_body(row))
        .response(row.status.to_string(), success(row))
        .response("default", failure(row));
    let operation = if row.open {
        operation
    } else {
        let scopes: [&str; 0] = [];
        operation.security(SecurityRequirement::new(BEARER, scopes))
    };
    let method = method(row);
    let item = PathItem::new(method, operation.build());
    match paths.paths.get_mut(&row.documented_path()) {
        Some(known) => known.merge_operations(item),
        None => drop(paths.paths.insert(row.documented_path(), item)),
    }
}

fn method(row: &Endpoint) -> HttpMethod {
    match row.method_name() {
        "GET" => HttpMethod::Get,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Post,
    }
}

/// `POST /v1/contexts/{id}/rotate` is `post_contexts_id_rotate`.
fn operation_id(row: &Endpoint) -> String {
    let path = row.documented_path();
    let path = path.trim_start_matches("/v1").trim_start_matches('/');
    let words: Vec<&str> = path
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!(
        "{}_{}",
        row.method_name().to_ascii_lowercase(),
        words.join("_")
    )
}

fn parameters(row: &Endpoint) -> Vec<Parameter> {
    let in_path = row
        .path_parameters()
        .map(|name| parameter(name, ParameterIn::Path, Required::True, None));
    let in_query = row
        .query
        .iter()
        .map(|(name, description, written)| query_parameter(name, description, *written));
    let common = ["Strongroom-Identity"].into_iter().filter(|_| !row.open);
    let idempotent = ["Idempotency-Key"].into_iter().filter(|_| row.creates);
    let in_header = common
        .chain(idempotent)
        .chain(row.headers.iter().copied())
        .map(|name| {
            let required = match name {
                "Strongroom-Key-Context" => Required::True,
                _ => Required::False,
            };
            parameter(
                name,
                ParameterIn::Header,
                required,
                header_description(name),
            )
        });
    in_path.chain(in_query).chain(in_header).collect()
}

fn query_parameter(name: &str, description: &str, written: Written) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema(written)))
        .build()
}

fn schema(written: Written) -> RefOr<Schema> {
    let object = ObjectBuilder::new();
    let object = match written {
        Written::Text => object.schema_type(Type::String),
        Written::Flag => object.schema_type(Type::Boolean),
        Written::Number(least, most) => object
            .schema_type(Type::Integer)
            .minimum(Some(least))
            .maximum(most),
    };
    Schema::from(object.build()).into()
}

fn parameter(
    name: &str,
    place: ParameterIn,
    required: Required,
    description: Option<&str>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(description)
        .schema(Some(text()))
        .build()
}

fn header_description(name: &str) -> Option<&'static str> {
    Some(match name {
        "Strongroom-Identity" => "The user's JWT, beside the client's API key.",
        "Idempotency-Key" => "1 to 255 characters; a repetition within 24 hours makes nothing new.",
        "Strongroom-Key-Context" => "Base64 of the key context's JSON.",
        "Strongroom-Lock" => "Base64 of the lock's JSON.",
        "Strongroom-Associated-Data" => "Base64 of bytes that must be given again to open.",
        "Strongroom-Metadata" => "Base64 of the JSON of the caller's notes for the log.",
        "If-Match" => {
            "The `ETag` of the version that is replaced; 409 if it is not the present one."
        }
        _ => return None,
    })
}

fn text() -> RefOr<Schema> {
    schema(Written::Text)
}

fn request_body(row: &Endpoint) -> Option<RequestBody> {
    let contents = contents(row.takes);
    (!contents.is_empty()).then(|| {
        contents
            .into_iter()
            .fold(
                RequestBodyBuilder::new().required(Some(Required::True)),
                |body, (kind, content)| body.content(kind, content.build()),
            )
            .build()
    })
}

fn success(row: &Endpoint) -> Response {
    let description = match row.status {
        201 => "Made.",
        204 => "Removed.",
        _ => "Done.",
    };
    let response = ResponseBuilder::new().description(description);
    let response = contents(row.gives)
        .into_iter()
        .fold(response, |response, (kind, content)| {
            response.content(kind, content.build())
        });
    if row.open {
        return response.build();
    }
    let entry = Header::builder()
        .description(Some("The entry of this request: `<log>/<index>`."))
        .schema(Some(text()));
    response
        .header("Strongroom-Log-Entry", entry.build())
        .build()
}

fn failure(row: &Endpoint) -> Response {
    let (kind, schema) = match row.tag {
        Tag::Tokens => ("application/json", TokenError::name()),
        _ => ("application/problem+json", Problem::name()),
    };
    ResponseBuilder::new()
        .description("Refused or failed; branch on `code`.")
        .content(kind, referring_to(&schema).build())
        .build()
}

fn contents(content: Content) -> Vec<(&'static str, ContentBuilder)> {
    match content {
        Content::Nothing => Vec::new(),
        Content::Json(shape) => vec![("application/json", referring_to(&(shape.name)()))],
        Content::JsonOrCbor(shape) => vec![
            ("application/json", referring_to(&(shape.name)())),
            ("application/cbor", referring_to(&(shape.name)())),
        ],
        Content::Form(shape) => vec![(
            "application/x-www-form-urlencoded",
            referring_to(&(shape.name)()),
        )],
        Content::AnyJson => vec![("application/json", ContentBuilder::new())],
        Content::Octets => vec![("application/octet-stream", ContentBuilder::new())],
        Content::Text => vec![("text/plain", ContentBuilder::new().schema(Some(text())))],
        Content::Html => vec![("text/html", ContentBuilder::new().schema(Some(text())))],
    }
}

fn referring_to(schema: &str) -> ContentBuilder {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)))
}
