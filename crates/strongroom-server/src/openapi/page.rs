//! The document as one page: chapters, routes, bodies. No script and nothing from outside.

use serde_json::{Map, Value};

/// Renders a document.
pub(super) fn render(document: &Value) -> String {
    let title = text(document, "/info/title");
    let mut page = Page {
        document,
        html: String::with_capacity(256 * 1024),
    };
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.raw("<title>");
    page.text(title);
    page.raw(" API</title><link rel=\"stylesheet\" href=\"/docs/page.css\"></head><body>");
    page.contents();
    page.raw("<main><h1>");
    page.text(title);
    page.raw(" <small>");
    page.text(text(document, "/info/version"));
    page.raw("</small></h1><p class=\"lead\">");
    page.prose(text(document, "/info/description"));
    page.raw("</p>");
    page.credentials();
    for tag in items(document, "/tags") {
        page.chapter(tag);
    }
    page.schemas();
    page.raw("</main></body></html>\n");
    page.html
}

/// The header that every route with a credential takes; it stands once, at the top.
const COMMON_HEADER: &str = "Strongroom-Identity";

/// The page being written. What comes from the document goes through [`Page::text`].
struct Page<'a> {
    document: &'a Value,
    html: String,
}

impl<'a> Page<'a> {
    fn raw(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                c => self.html.push(c),
            }
        }
    }

    /// Text in which `backticks` mark code.
    fn prose(&mut self, text: &str) {
        for (i, part) in text.split('`').enumerate() {
            let code = i % 2 == 1;
            self.raw(if code { "<code>" } else { "" });
            self.text(part);
            self.raw(if code { "</code>" } else { "" });
        }
    }

    fn link(&mut self, prefix: &str, name: &str) {
        self.raw("<a href=\"#");
        self.raw(prefix);
        self.text(&anchor(name));
        self.raw("\">");
        self.text(name);
        self.raw("</a>");
    }

    fn contents(&mut self) {
        self.raw("<nav><strong>Strongroom</strong>");
        for tag in items(self.document, "/tags") {
            let name = text(tag, "/name");
            self.raw("<details open><summary>");
            self.link("", name);
            self.raw("</summary><ul>");
            for operation in operations(self.document, name) {
                self.raw("<li><a href=\"#");
                self.text(operation.id());
                self.raw("\">");
                self.method(operation.method);
                self.text(operation.path.trim_start_matches("/v1"));
                self.raw("</a></li>");
            }
            self.raw("</ul></details>");
        }
        self.raw("<a href=\"#bodies\">Bodies</a> <a href=\"/openapi.json\">openapi.json</a></nav>");
    }

    fn method(&mut self, method: &str) {
        self.raw("<b class=\"");
        self.text(method);
        self.raw("\">");
        self.text(&method.to_uppercase());
        self.raw("</b> ");
    }

    fn credentials(&mut self) {
        let schemes = object(self.document, "/components/securitySchemes");
        for scheme in schemes.into_iter().flatten().map(|(_, scheme)| scheme) {
            self.raw("<p class=\"lead\"><code>Authorization: Bearer</code> ");
            self.prose(text(scheme, "/description"));
            self.raw("</p>");
        }
    }

    fn chapter(&mut self, tag: &'a Value) {
        let name = text(tag, "/name");
        self.raw("<section id=\"");
        self.text(&anchor(name));
        self.raw("\"><h2>");
        self.text(name);
        self.raw("</h2><p>");
        self.prose(text(tag, "/description"));
        self.raw("</p>");
        for operation in operations(self.document, name) {
            self.operation(&operation);
        }
        self.raw("</section>");
    }

    fn operation(&mut self, operation: &Operation<'a>) {
        self.raw("<article id=\"");
        self.text(operation.id());
        self.raw("\"><h3>");
        self.method(operation.method);
        self.raw("<code>");
        self.text(operation.path);
        self.raw("</code></h3><p>");
        self.prose(text(operation.value, "/summary"));
        self.raw("</p>");
        if operation.value.get("security").is_none() {
            self.raw("<p class=\"open\">No credential is needed.</p>");
        }
        self.parameters(operation.value);
        self.bodies("Request", operation.value.pointer("/requestBody/content"));
        if let Some(responses) = object(operation.value, "/responses") {
            for (status, response) in responses.iter().filter(|(status, _)| *status != "default") {
                self.bodies(&format!("Answer {status}"), response.get("content"));
            }
        }
        self.raw("</article>");
    }

    fn parameters(&mut self, operation: &Value) {
        let mut rows = items(operation, "/parameters")
            .filter(|parameter| text(parameter, "/name") != COMMON_HEADER)
            .peekable();
        if rows.peek().is_none() {
            return;
        }
        self.raw("<table>");
        for parameter in rows {
            self.raw("<tr><td>");
            self.code(text(parameter, "/name"));
            self.raw("</td><td>");
            self.text(text(parameter, "/in"));
            let required = parameter.get("required") == Some(&Value::Bool(true));
            self.raw(if required { ", <em>required</em>" } else { "" });
            self.raw("</td><td>");
            self.prose(text(parameter, "/description"));
            self.raw("</td></tr>");
        }
        self.raw("</table>");
    }

    fn bodies(&mut self, label: &str, content: Option<&'a Value>) {
        let Some(content) = content.and_then(Value::as_object) else {
            return;
        };
        self.raw("<p class=\"body\"><span>");
        self.text(label);
        self.raw("</span> ");
        let schema = content.values().find_map(|media| media.get("schema"));
        if let Some(schema) = schema.filter(|schema| reference(schema).is_some()) {
            self.kind(schema);
            self.raw(" as ");
        }
        let kinds: Vec<&String> = content.keys().collect();
        self.list(&kinds, " or ", |page, kind| page.code(kind));
        self.raw("</p>");
        if let Some(schema) = schema {
            self.fields(schema);
        }
    }

    fn schemas(&mut self) {
        self.raw("<section id=\"bodies\"><h2>Bodies</h2>");
        let schemas = object(self.document, "/components/schemas");
        for (name, schema) in schemas.into_iter().flatten() {
            self.raw("<article id=\"body-");
            self.text(&anchor(name));
            self.raw("\"><h3>");
            self.text(name);
            self.raw("</h3><p>");
            self.prose(text(schema, "/description"));
            self.raw("</p>");
            self.schema(schema);
            self.raw("</article>");
        }
        self.raw("</section>");
    }

    fn schema(&mut self, schema: &'a Value) {
        if !self.fields(schema) {
            self.raw("<p class=\"kind\">");
            self.kind(schema);
            self.raw("</p>");
        }
    }

    /// A table of the fields of an object; answers whether there are any.
    fn fields(&mut self, schema: &'a Value) -> bool {
        let fields = fields(self.document, schema);
        if fields.is_empty() {
            return false;
        }
        self.raw("<table>");
        for (name, field, required) in fields {
            self.raw("<tr><td>");
            self.code(name);
            self.raw("</td><td>");
            self.kind(field);
            self.raw(if required { "" } else { " <em>optional</em>" });
            self.raw("</td><td>");
            self.prose(description(field));
            self.raw("</td></tr>");
        }
        self.raw("</table>");
        true
    }

    /// The type of a schema in a few words, with links.
    fn kind(&mut self, schema: &Value) {
        if let Some(name) = reference(schema) {
            return self.link("body-", name);
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return self.list(values, " · ", |page, value| {
                page.code(value.as_str().unwrap_or_default());
            });
        }
        for combined in ["/oneOf", "/anyOf", "/allOf"] {
            let parts: Vec<&Value> = items(schema, combined)
                .filter(|part| !is_null(part))
                .collect();
            if !parts.is_empty() {
                return self.list(&parts, " or ", |page, part| page.kind(part));
            }
        }
        if let Some(fields) = object(schema, "/properties") {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            return self.code(&format!("{{ {} }}", names.join(", ")));
        }
        if let Some(items) = schema.get("items") {
            self.raw("list of ");
            return self.kind(items);
        }
        let encoding = text(schema, "/contentEncoding");
        self.text(if encoding.is_empty() {
            kind_name(schema)
        } else {
            encoding
        });
    }

    fn code(&mut self, text: &str) {
        self.raw("<code>");
        self.text(text);
        self.raw("</code>");
    }

    fn list<T>(&mut self, items: &[T], between: &str, write: impl Fn(&mut Self, &T)) {
        for (i, item) in items.iter().enumerate() {
            self.raw(if i == 0 { "" } else { between });
            write(self, item);
        }
    }
}

/// A route of the document.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(self.value, "/operationId")
    }
}

fn operations<'a>(document: &'a Value, tag: &'a str) -> impl Iterator<Item = Operation<'a>> {
    object(document, "/paths")
        .into_iter()
        .flatten()
        .flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, value)| Operation {
                path,
                method,
                value,
            })
        })
        .filter(move |operation| text(operation.value, "/tags/0") == tag)
}

/// The properties of an object, those of its parts included: name, schema, whether required.
fn fields<'a>(document: &'a Value, schema: &'a Value) -> Vec<(&'a str, &'a Value, bool)> {
    let schema = resolve(document, schema);
    let required: Vec<&str> = items(schema, "/required")
        .filter_map(Value::as_str)
        .collect();
    let own = object(schema, "/properties").into_iter().flatten();
    let parts = items(schema, "/allOf").flat_map(|part| fields(document, part));
    own.map(|(name, field)| (name.as_str(), field, required.contains(&name.as_str())))
        .chain(parts)
        .collect()
}

/// What a reference leads to; anything else is itself.
fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema.get("$ref").and_then(Value::as_str);
    pointer
        .and_then(|pointer| document.pointer(pointer.trim_start_matches('#')))
        .unwrap_or(schema)
}

/// A field's description; that of an optional body stands inside.
fn description(field: &Value) -> &str {
    match text(field, "/description") {
        "" => text(field, "/oneOf/0/description"),
        description => description,
    }
}

fn kind_name(schema: &Value) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => names
            .iter()
            .filter_map(Value::as_str)
            .find(|name| *name != "null")
            .unwrap_or("any"),
        _ => "any",
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn reference(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

/// A name as it may stand in an `id`.
fn anchor(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars()
        .map(|c| {
            if plain(c) {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn object<'a>(value: &'a Value, pointer: &str) -> Option<&'a Map<String, Value>> {
    value.pointer(pointer)?.as_object()
}

fn items<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_document_says_is_text_not_markup() {
        let page = render(&json!({"info": {"title": "<b>&\"", "description": "a `<i>` b"}}));
        assert!(page.contains("&lt;b&gt;&amp;&quot;"));
        assert!(page.contains("a <code>&lt;i&gt;</code> b"));
    }

    #[test]
    fn fields_of_parts_are_fields() {
        let schema = json!({"allOf": [
            {"properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": ["integer", "null"]}}},
        ]});
        let names: Vec<_> = fields(&schema, &schema)
            .iter()
            .map(|f| (f.0, f.2))
            .collect();
        assert_eq!(names, [("a", true), ("b", false)]);
        assert_eq!(kind_name(fields(&schema, &schema)[1].1), "integer");
    }
}
