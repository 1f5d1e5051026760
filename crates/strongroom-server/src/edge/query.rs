//! Query parameters, read strictly: an unknown or repeated one is refused.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use strongroom_core::Invalid;

use super::caller::ask;
use super::{App, Problem};

/// The parameters of a request that were not read yet.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn parse(query: &str) -> Result<Self, Invalid> {
        serde_urlencoded::from_str(query)
            .map(Self)
            .map_err(|_error| Invalid::Parameter("query"))
    }

    /// Takes a parameter as text.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Invalid> {
        let Some(position) = self.0.iter().position(|(given, _)| given == name) else {
            return Ok(None);
        };
        let (_, value) = self.0.swap_remove(position);
        if self.0.iter().any(|(given, _)| given == name) {
            return Err(Invalid::Parameter(name));
        }
        Ok(Some(value))
    }

    /// Takes a parameter that may be repeated.
    pub(crate) fn all(&mut self, name: &'static str) -> Vec<String> {
        let (taken, left) = core::mem::take(&mut self.0)
            .into_iter()
            .partition(|(given, _)| given == name);
        self.0 = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// Takes a parameter and reads it; `None` from `read` refuses it.
    pub(crate) fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Invalid> {
        self.text(name)?
            .map(|value| read(&value).ok_or(Invalid::Parameter(name)))
            .transpose()
    }

    /// Refuses what is left: a parameter that is not known was meant to do something.
    fn finish(self) -> Result<(), Invalid> {
        match self.0.into_iter().next() {
            None => Ok(()),
            // Its name is the caller's, and not repeated.
            Some(_) => Err(Invalid::UnknownParameter),
        }
    }
}

/// What can be read from query parameters.
pub(crate) trait FromParameters: Sized {
    fn read(parameters: &mut Parameters) -> Result<Self, Invalid>;
}

/// No parameters.
impl FromParameters for () {
    fn read(_parameters: &mut Parameters) -> Result<Self, Invalid> {
        Ok(())
    }
}

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query<T>(pub(crate) T);

impl<T: FromParameters + Send> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match read(parts.uri.query().unwrap_or_default()) {
            Ok(value) => Ok(Self(value)),
            Err(invalid) => Err(app.refuse(&ask(parts), invalid.into()).await),
        }
    }
}

pub(super) fn read<T: FromParameters>(query: &str) -> Result<T, Invalid> {
    let mut parameters = Parameters::parse(query)?;
    let value = T::read(&mut parameters)?;
    parameters.finish()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Index(Option<u64>);

    impl FromParameters for Index {
        fn read(parameters: &mut Parameters) -> Result<Self, Invalid> {
            parameters.read("index", |text| text.parse().ok()).map(Self)
        }
    }

    #[test]
    fn parameters_are_known_single_and_well_formed() {
        assert_eq!(read("index=7"), Ok(Index(Some(7))));
        assert_eq!(read(""), Ok(Index(None)));
        let wrong = Err(Invalid::Parameter("index"));
        assert_eq!(read::<Index>("index=x"), wrong);
        assert_eq!(read::<Index>("index=7&index=7"), wrong);
        assert_eq!(read::<Index>("indx=7"), Err(Invalid::UnknownParameter));
        assert_eq!(read::<()>(""), Ok(()));
        assert_eq!(read::<()>("foo=1"), Err(Invalid::UnknownParameter));
    }
}
