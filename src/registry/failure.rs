//! From an HTTP failure to a [`RegistryError`].
//!
//! Owns the reading of statuses, error bodies, `Retry-After` and of the causes of a broken connection.

use std::error::Error as StdError;
use std::io;
use std::time::SystemTime;

use http::{HeaderMap, StatusCode, header};
use jiff::fmt::rfc2822::DateTimeParser;
use rustls::InvalidMessage;
use serde::Deserialize;

use super::asked::Asked;
use super::error::{Problem, RegistryError};
use crate::credentials::Refusal;

/// Reads the dates of HTTP; a wrong day of the week is no reason to ignore the date.
const DATES: DateTimeParser = DateTimeParser::new().relaxed_weekday(true);
/// Most characters of a registry's words that go into a message.
const MAX_WORDS: usize = 300;

/// The error for an answer with a failing status.
pub(super) fn of_status(
    at: Asked,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    had_login: bool,
) -> RegistryError {
    let at = Box::new(at);
    let (code, message) = words(headers, body);
    match status.as_u16() {
        401 => RegistryError::Unauthorized {
            at,
            had_login,
            code,
            message,
        },
        403 => RegistryError::Denied { at, code, message },
        status if matches!(status, 408 | 429) || status >= 500 => RegistryError::Unavailable {
            at,
            status,
            code,
            message,
            retry_after_ms: retry_after_ms(headers),
        },
        status => RegistryError::Refused {
            at,
            status,
            code,
            message,
        },
    }
}

/// The error for a request that got no answer, or half of one.
pub(super) fn of_transport(at: Asked, error: &reqwest::Error) -> RegistryError {
    let host = error.url().and_then(|url| url.host_str());
    let (problem, detail) = problem_of(error, host.unwrap_or_default());
    RegistryError::Unreachable {
        at: Box::new(at),
        problem,
        detail,
    }
}

fn problem_of(error: &reqwest::Error, host: &str) -> (Problem, String) {
    let mut problem = if error.is_timeout() {
        Some(Problem::TimedOut)
    } else {
        None
    };
    let mut innermost: &dyn StdError = error;
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(cause) = next {
        if let Some(tls) = tls_error(cause) {
            return problem_of_tls(tls, host);
        }
        problem = problem.or_else(|| problem_of_cause(cause));
        innermost = cause;
        next = cause.source();
    }
    (problem.unwrap_or(Problem::Broken), innermost.to_string())
}

/// An I/O error is no link of the chain but hides what it wraps, and they come nested.
fn tls_error<'e>(cause: &'e (dyn StdError + 'static)) -> Option<&'e rustls::Error> {
    cause.downcast_ref().or_else(|| {
        let inner = cause.downcast_ref::<io::Error>()?.get_ref()?;
        tls_error(inner)
    })
}

fn problem_of_tls(error: &rustls::Error, host: &str) -> (Problem, String) {
    match error {
        rustls::Error::InvalidCertificate(error) => {
            let (refusal, words) = Refusal::of(error, host);
            (Problem::Certificate(refusal), words)
        }
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            (Problem::Tls, "it does not speak TLS".to_owned())
        }
        error => (Problem::Tls, error.to_string()),
    }
}

fn problem_of_cause(cause: &(dyn StdError + 'static)) -> Option<Problem> {
    if let Some(error) = cause.downcast_ref::<io::Error>() {
        if let Some(inner) = error.get_ref()
            && let Some(problem) = problem_of_cause(inner)
        {
            return Some(problem);
        }
        match error.kind() {
            io::ErrorKind::ConnectionRefused => return Some(Problem::Refused),
            io::ErrorKind::TimedOut => return Some(Problem::TimedOut),
            _ => {}
        }
    }
    // The connector's error for a failed look-up has no type that can be named.
    cause
        .to_string()
        .contains("dns error")
        .then_some(Problem::UnknownHost)
}

#[derive(Deserialize)]
struct ErrorBody {
    errors: Vec<ErrorItem>,
}

#[derive(Deserialize)]
struct ErrorItem {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    detail: Option<serde_json::Value>,
}

/// Code and words of an error body: the distribution-spec's JSON, else a line of plain text.
fn words(headers: &HeaderMap, body: &[u8]) -> (Option<String>, String) {
    if let Ok(ErrorBody { errors }) = serde_json::from_slice::<ErrorBody>(body) {
        let code = errors.iter().find_map(|item| item.code.clone());
        let said: Vec<String> = errors.iter().filter_map(item_words).collect();
        return (code, shortened(&said.join("; ")));
    }
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if content_type.starts_with("text/plain") {
        let text = String::from_utf8_lossy(body);
        return (None, shortened(text.lines().next().unwrap_or_default()));
    }
    (None, String::new())
}

fn item_words(item: &ErrorItem) -> Option<String> {
    let detail = match &item.detail {
        None | Some(serde_json::Value::Null) => None,
        Some(serde_json::Value::String(text)) => Some(text.clone()),
        Some(other) => Some(other.to_string()),
    };
    match (
        item.message
            .as_deref()
            .filter(|message| !message.is_empty()),
        detail,
    ) {
        (None, detail) => detail,
        (Some(message), None) => Some(message.to_owned()),
        (Some(message), Some(detail)) => Some(format!("{message} {detail}")),
    }
}

fn shortened(text: &str) -> String {
    let mut line: String = text
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_WORDS)
        .collect();
    if text.chars().count() > MAX_WORDS {
        line.push('…');
    }
    line
}

/// The pause that a server asks for: seconds or a date (RFC 9110, 10.2.3).
fn retry_after_ms(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(seconds.saturating_mul(1000));
    }
    let date = DATES.parse_timestamp(text).ok()?;
    let now = jiff::Timestamp::try_from(SystemTime::now()).ok()?;
    Some(u64::try_from(date.as_millisecond().saturating_sub(now.as_millisecond())).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::registry::asked::Operation;

    fn error(status: u16, body: &str, headers: &HeaderMap) -> RegistryError {
        let asked = Asked::new(
            Operation::PutManifest,
            &"r.example/x".parse().unwrap(),
            &"1",
        );
        of_status(
            asked,
            StatusCode::from_u16(status).unwrap(),
            headers,
            body.as_bytes(),
            false,
        )
    }

    #[test]
    fn codes_and_words_of_the_registry_are_kept() {
        let body = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"없음","detail":{"digest":"sha256:1"}},{"code":"X"}]}"#;
        let error = error(400, body, &HeaderMap::new());
        assert_eq!(
            (error.status(), error.code()),
            (Some(400), Some("MANIFEST_BLOB_UNKNOWN"))
        );
        assert!(
            error
                .to_string()
                .ends_with(r#"answered 400 (MANIFEST_BLOB_UNKNOWN): 없음 {"digest":"sha256:1"}"#),
            "{error}"
        );
    }

    #[test]
    fn html_is_not_quoted_and_plain_text_is() {
        assert!(
            error(502, "<html>…</html>", &HeaderMap::new())
                .to_string()
                .ends_with("answered 502")
        );
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        assert!(
            error(404, "404 page not found\nmore", &headers)
                .to_string()
                .ends_with("404: 404 page not found")
        );
    }

    #[test]
    fn the_pause_is_read_as_seconds_or_date() {
        let mut headers = HeaderMap::new();
        assert_eq!(retry_after_ms(&headers), None);
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("7"));
        assert_eq!(retry_after_ms(&headers), Some(7000));
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT"),
        );
        assert_eq!(retry_after_ms(&headers), Some(0));
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from_static("Fri, 21 Oct 2250 07:28:00 GMT"),
        );
        assert!(retry_after_ms(&headers).unwrap() > 1_000_000);
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("soon"));
        assert_eq!(retry_after_ms(&headers), None);
    }
}
