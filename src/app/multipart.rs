//! Forms with a file: reading their parts within limits.

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;

const TEXT_BYTES_MAX: usize = 8 * 1_024;

/// A file as it came.
#[derive(Default)]
pub struct File {
    pub name: String,
    pub content_type: String,
    pub bytes: Vec<u8>,
    pub is_too_large: bool,
}

/// The page to go to, as every form answers; or a sentence.
pub fn answer(taken: Result<String, ApiError>) -> Response {
    match taken {
        Ok(place) => (StatusCode::FOUND, [(LOCATION, place)]).into_response(),
        Err(error) => {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, format!("{error}\n")).into_response()
        }
    }
}

pub fn broken<E>(_: E) -> ApiError {
    ApiError::invalid("", "The form did not arrive whole: please send it again.")
}

/// The first part of the form, which has to be this one: whose the form is, is known before anything else is read.
pub async fn first(form: &mut Multipart, name: &str) -> Result<String, ApiError> {
    let first = form.next_field().await.map_err(broken)?.ok_or(ApiError::NotFound)?;
    if first.name() != Some(name) {
        return Err(ApiError::NotFound);
    }
    let (text, _) = bytes(first, TEXT_BYTES_MAX).await?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

pub async fn file(field: Field<'_>, bytes_max: usize) -> Result<File, ApiError> {
    let name = field.file_name().unwrap_or("").to_owned();
    let content_type = field.content_type().unwrap_or("").to_owned();
    let (bytes, is_too_large) = bytes(field, bytes_max).await?;
    Ok(File { name, content_type, bytes, is_too_large })
}

pub async fn text(name: &str, field: Field<'_>) -> Result<String, ApiError> {
    let (text, is_too_long) = bytes(field, TEXT_BYTES_MAX).await?;
    let text = String::from_utf8(text).ok().filter(|_| !is_too_long);
    text.ok_or_else(|| ApiError::invalid(name, "The text is too long, or not UTF-8."))
}

/// A part's bytes up to a limit, and whether there were more: those are read and let go, so that the browser, which
/// sends first and reads then, gets its answer.
async fn bytes(mut field: Field<'_>, bytes_max: usize) -> Result<(Vec<u8>, bool), ApiError> {
    let (mut bytes, mut is_more) = (Vec::new(), false);
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        is_more = is_more || bytes.len() + chunk.len() > bytes_max;
        if is_more {
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&chunk);
        }
    }
    Ok((bytes, is_more))
}
