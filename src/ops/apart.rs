//! Work that blocks, on a thread of its own.

use super::error::OpError;

/// Reads or computes something on a thread that may block, so that a signal is heeded meanwhile. Whoever
/// stops waiting leaves the thread behind; it holds nothing that another one needs.
///
/// # Errors
/// Those of the work.
pub async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OpError> + Send + 'static,
) -> Result<T, OpError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| OpError::Bug(error.to_string()))?
}
