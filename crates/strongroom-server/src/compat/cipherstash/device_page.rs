//! The page where people approve a device: no script, no other host, and nothing in it that is not
//! escaped.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

const POLICY: (HeaderName, HeaderValue) = (
    header::CONTENT_SECURITY_POLICY,
    HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'",
    ),
);
/// The address has the code in it.
const NO_REFERRER: (HeaderName, HeaderValue) = (
    header::REFERRER_POLICY,
    HeaderValue::from_static("no-referrer"),
);

const STYLE: &str = "\
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 32rem; margin: 4rem auto; padding: 0 1rem; }
label { display: block; margin: 1rem 0; }
input, select { display: block; width: 100%; box-sizing: border-box; font: inherit; padding: .4rem; }
button { font: inherit; padding: .5rem 1.2rem; }
.refused { border-left: .25rem solid #b3261e; padding-left: .8rem; }
";

pub(super) fn stylesheet() -> Response {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], STYLE).into_response()
}

/// The form, with what a device showed and why the last attempt was refused.
pub(super) fn form(status: StatusCode, user_code: &str, refused: Option<&str>) -> Response {
    let refused = refused.map_or_else(String::new, |text| {
        format!("<p class=\"refused\" role=\"alert\">{}</p>", escape(text))
    });
    let body = format!(
        "<h1>Sign a device in</h1>\n{refused}\
         <p>Approve it only if you have just started the login yourself and it shows this code: whoever \
         shows it gets a client of your workspace, for 30 days. One that may make clients and access keys can \
         make some that last longer.</p>\n\
         <form method=\"post\" action=\"device\">\n\
         <label>Code <input name=\"user_code\" required autocomplete=\"off\" value=\"{}\"></label>\n\
         <label>Access key, with access_key:create <input name=\"access_key\" type=\"password\" required \
         autocomplete=\"off\"></label>\n\
         <label>What the device may do <select name=\"role\">\
         <option value=\"member\">member: data keys</option>\
         <option value=\"admin\">admin: keysets, clients, access keys and data keys</option>\
         <option value=\"control\">control: the same without data keys</option></select></label>\n\
         <label>Name of its client <input name=\"name\" value=\"device\" maxlength=\"128\"></label>\n\
         <button>Approve</button>\n</form>\n",
        escape(user_code)
    );
    page(status, &body)
}

pub(super) fn approved(name: &str) -> Response {
    let body = format!(
        "<h1>Approved</h1>\n<p>The device goes on by itself, as the client <strong>{}</strong>; close this \
         page. Who administers clients ends that.</p>\n",
        escape(name)
    );
    page(StatusCode::OK, &body)
}

fn page(status: StatusCode, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Strongroom</title>\
         <link rel=\"stylesheet\" href=\"device/page.css\"></head><body><main>\n{body}</main></body></html>\n"
    );
    (status, [POLICY, NO_REFERRER], Html(html)).into_response()
}

/// Text as it may stand in an element or a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_escaped() {
        assert_eq!(escape("<a b='\"&\">"), "&lt;a b=&#39;&quot;&amp;&quot;&gt;");
        assert_eq!(escape("BCDF-GHJK"), "BCDF-GHJK");
    }
}
