//! One row of the route table: path, method, handler, and what the document says about them. The
//! router and the OpenAPI document are both made of these rows, so that they cannot differ.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use strongroom_types::body::{Batch, BatchAnswer, Page};
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{HttpMethod, RefOr};

use crate::edge::{App, Declared};

/// A chapter of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Values,
    DataKeys,
    Streams,
    Tokens,
    Workspaces,
    Clients,
    Issuers,
    Contexts,
    Policies,
    CustomerKeys,
    Jobs,
    Log,
    Service,
    Objects,
    Webhooks,
    Stores,
    SplitKeys,
    Signing,
    Compute,
    Hybrid,
}

impl Tag {
    pub(crate) const ALL: [Self; 20] = [
        Self::Values,
        Self::DataKeys,
        Self::Streams,
        Self::Tokens,
        Self::Workspaces,
        Self::Clients,
        Self::Issuers,
        Self::Contexts,
        Self::Policies,
        Self::CustomerKeys,
        Self::Jobs,
        Self::Log,
        Self::Service,
        Self::Objects,
        Self::Webhooks,
        Self::Stores,
        Self::SplitKeys,
        Self::Signing,
        Self::Compute,
        Self::Hybrid,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Values => "Values",
            Self::DataKeys => "Data keys",
            Self::Streams => "Streams",
            Self::Tokens => "Tokens",
            Self::Workspaces => "Workspaces",
            Self::Clients => "Clients",
            Self::Issuers => "Issuers",
            Self::Contexts => "Key contexts",
            Self::Policies => "Context policies",
            Self::CustomerKeys => "Customer keys",
            Self::Jobs => "Jobs",
            Self::Log => "Log",
            Self::Service => "Service",
            Self::Objects => "Objects",
            Self::Webhooks => "Events and webhooks",
            Self::Stores => "Sealed stores",
            Self::SplitKeys => "Split keys",
            Self::Signing => "Signing",
            Self::Compute => "Hashes, MACs and derivations",
            Self::Hybrid => "Hybrid keys",
        }
    }

    pub(crate) const fn description(self) -> &'static str {
        match self {
            Self::Values => "Sealing and opening values, one by one or in batches.",
            Self::DataKeys => "Keys that the caller uses itself, and keeps wrapped.",
            Self::Streams => "Sealing and opening bodies of any length in flat memory.",
            Self::Tokens => "Exchanging a user's token for one that carries client and identity.",
            Self::Workspaces => "The outer isolation unit. Only in the system workspace.",
            Self::Clients => "Programs with credentials, permissions and allowed key contexts.",
            Self::Issuers => {
                "Who may name identities. Whoever administers issuers can impersonate."
            }
            Self::Contexts => "Whose data it is; each key context has keys of its own.",
            Self::Policies => "Rules for the key contexts that they match.",
            Self::CustomerKeys => {
                "Tenants' own keys: whoever administers them decides who can unwrap a tenant's keys."
            }
            Self::Jobs => "Long work that goes on beside the requests, and how far it is.",
            Self::Log => "Every use of a key, in a tree that anyone with a checkpoint can check.",
            Self::Service => "Health, metrics and this document. No credential is needed.",
            Self::Objects => {
                "Named, versioned values that Strongroom keeps. `ETag` is the version, `If-Match` \
                 checks it as `version_check` does."
            }
            Self::Webhooks => {
                "What happened, in the order of the log: to be read, or sent and signed. Each event \
                 is sent until it is taken, so that one may arrive twice; its `id` stays."
            }
            Self::Stores => {
                "Names and values that the server cannot read, under a map that proves what is there. \
                 The SDKs hash, seal and check."
            }
            Self::SplitKeys => {
                "Data keys of two shares: the server has one, the clients of a keyset the other, sealed to \
                 each of them and signed by who granted it. The SDKs derive, seal and check."
            }
            Self::Signing => "Private keys that never leave, and signatures of theirs.",
            Self::Compute => {
                "Over what the caller brings: no key of Strongroom's takes part, and each is an entry."
            }
            Self::Hybrid => {
                "An elliptic curve and ML-KEM as one: anyone seals, and only a private key that never leaves opens."
            }
        }
    }
}

/// What a body is.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    Nothing,
    Json(Shape),
    JsonOrCbor(Shape),
    AnyJson,
    Form(Shape),
    Octets,
    Text,
    Html,
}

/// A schema that is asked for when the document is made.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) name: fn() -> String,
    pub(crate) schemas: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    fn of<T: ToSchema>() -> Self {
        Self {
            name: || T::name().into_owned(),
            schemas: |all| {
                all.push((T::name().into_owned(), T::schema()));
                T::schemas(all);
            },
        }
    }

    /// A body `List<T>`, which has a name of its own for each `T`.
    fn list_of<List: ToSchema, T: ToSchema>() -> Self {
        Self {
            name: || format!("{}_{}", List::name(), T::name()),
            schemas: |all| {
                all.push((format!("{}_{}", List::name(), T::name()), List::schema()));
                all.push((T::name().into_owned(), T::schema()));
                List::schemas(all);
                T::schemas(all);
            },
        }
    }
}

/// How a query parameter is written.
#[derive(Clone, Copy)]
pub(crate) enum Written {
    /// As text.
    Text,
    /// As `true` or `false`.
    Flag,
    /// As a whole number from the first to the second, if there is one.
    Number(u32, Option<u32>),
}

/// A query parameter, what it means, and how it is written.
pub(crate) type QueryParameter = (&'static str, &'static str, Written);

/// A row of the route table.
pub(crate) struct Endpoint {
    pub(crate) method: HttpMethod,
    pub(crate) path: &'static str,
    pub(crate) handler: MethodRouter<App>,
    pub(crate) tag: Tag,
    pub(crate) summary: &'static str,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) query: &'static [QueryParameter],
    pub(crate) takes: Content,
    pub(crate) gives: Content,
    pub(crate) status: u16,
    pub(crate) open: bool,
    pub(crate) creates: bool,
}

macro_rules! method {
    ($name:ident, $filter:ident, $method:ident) => {
        pub(crate) fn $name<H, T>(path: &'static str, handler: H) -> Endpoint
        where
            H: Handler<T, App>,
            T: 'static,
        {
            Endpoint::new(
                path,
                HttpMethod::$method,
                on(MethodFilter::$filter, handler),
            )
        }
    };
}

method!(get, GET, Get);
method!(post, POST, Post);
method!(put, PUT, Put);
method!(patch, PATCH, Patch);
method!(delete, DELETE, Delete);

impl Endpoint {
    fn new(path: &'static str, method: HttpMethod, handler: MethodRouter<App>) -> Self {
        Self {
            method,
            path,
            handler,
            tag: Tag::Service,
            summary: "",
            headers: Vec::new(),
            query: &[],
            takes: Content::Nothing,
            gives: Content::Nothing,
            status: 200,
            open: false,
            creates: false,
        }
    }

    pub(crate) fn about(mut self, tag: Tag, summary: &'static str) -> Self {
        self.tag = tag;
        self.summary = summary;
        self
    }

    /// Headers of the request beside those that all requests have.
    pub(crate) fn headers(mut self, names: &[&'static str]) -> Self {
        self.headers.extend_from_slice(names);
        self
    }

    pub(crate) fn query(mut self, parameters: &'static [QueryParameter]) -> Self {
        self.query = parameters;
        self
    }

    pub(crate) fn takes<T: ToSchema>(self) -> Self {
        self.taking(Content::Json(Shape::of::<T>()))
    }

    pub(crate) fn takes_batch_of<T: ToSchema>(self) -> Self {
        self.taking(Content::JsonOrCbor(Shape::list_of::<Batch<T>, T>()))
    }

    pub(crate) fn takes_form<T: ToSchema>(self) -> Self {
        self.taking(Content::Form(Shape::of::<T>()))
    }

    pub(crate) fn takes_octets(self) -> Self {
        self.taking(Content::Octets)
    }

    fn taking(mut self, content: Content) -> Self {
        self.takes = content;
        self
    }

    pub(crate) fn gives<T: ToSchema>(self) -> Self {
        self.giving(200, Content::Json(Shape::of::<T>()))
    }

    pub(crate) fn gives_page_of<T: ToSchema>(self) -> Self {
        self.giving(200, Content::Json(Shape::list_of::<Page<T>, T>()))
    }

    pub(crate) fn gives_batch_of<T: ToSchema>(self) -> Self {
        let shape = Shape::list_of::<BatchAnswer<T>, T>();
        self.giving(200, Content::JsonOrCbor(shape))
    }

    /// 201, and an `Idempotency-Key` counts.
    pub(crate) fn creates<T: ToSchema>(mut self) -> Self {
        self.creates = true;
        self.giving(201, Content::Json(Shape::of::<T>()))
    }

    pub(crate) fn removes(self) -> Self {
        self.giving(204, Content::Nothing)
    }

    pub(crate) fn gives_octets(self) -> Self {
        self.giving(200, Content::Octets)
    }

    pub(crate) fn gives_text(self) -> Self {
        self.giving(200, Content::Text)
    }

    pub(crate) fn gives_json(self) -> Self {
        self.giving(200, Content::AnyJson)
    }

    pub(crate) fn gives_html(self) -> Self {
        self.giving(200, Content::Html)
    }

    fn giving(mut self, status: u16, content: Content) -> Self {
        self.status = status;
        self.gives = content;
        self
    }

    /// No credential is needed.
    pub(crate) fn open_to_all(mut self) -> Self {
        self.open = true;
        self
    }

    /// What it reads besides headers.
    pub(crate) const fn declared(&self) -> Declared {
        Declared {
            body: !matches!(self.takes, Content::Nothing),
            query: !self.query.is_empty(),
            open: self.open,
        }
    }

    /// The method as it stands in a request.
    pub(crate) const fn method_name(&self) -> &'static str {
        match self.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
            _ => "other",
        }
    }

    /// The path as the document spells it: a wildcard is a parameter like others.
    pub(crate) fn documented_path(&self) -> String {
        self.path.replace("{*", "{")
    }

    /// The names of the path's parameters.
    pub(crate) fn path_parameters(&self) -> impl Iterator<Item = &'static str> {
        self.path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .map(|name| name.trim_start_matches('*'))
    }
}
