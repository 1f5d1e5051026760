//! Applications of theirs: registered here, and their new tokens kept in a file.
//!
//! Theirs have names that are unique for each of their users; here all are of one client, the API key's. So
//! those of one name and environment get their ids into their names, and none a name that another has: none
//! gets the contexts of another.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use strongroom_client::{ApplicationRegister, ApplicationTokens, ClientError, DecodeError};
use strongroom_types::{Code, ContextName};

use super::Import;
use super::database::Application;
use super::report::Report;
use crate::failure::Failure;

/// The longest name of an application, in Unicode scalar values.
const NAME_CHARS_MAX: usize = 200;

/// What applications are called here, in their order: no two of an environment the same. Each user there
/// names theirs as they like, also as another's would be called here.
fn names(applications: &[Application]) -> Vec<String> {
    let mut same = BTreeMap::<_, usize>::new();
    for one in applications {
        *same.entry(place(one)).or_default() += 1;
    }
    let mut taken = same.keys().copied().map(owned).collect::<BTreeSet<_>>();
    let name = |one: &Application| match same.get(&place(one)) {
        Some(2..) => apart(one, &mut taken),
        _ => one.name.clone(),
    };
    applications.iter().map(name).collect()
}

fn place(one: &Application) -> (&str, &str) {
    (&one.environment, &one.name)
}

fn owned((environment, name): (&str, &str)) -> (String, String) {
    (environment.to_owned(), name.to_owned())
}

/// A name with the id, as often as it takes to be nobody else's.
fn apart(one: &Application, taken: &mut BTreeSet<(String, String)>) -> String {
    let mut name = one.name.clone();
    loop {
        name = format!("{name} ({})", one.id);
        if taken.insert(owned((&one.environment, &name))) {
            return name;
        }
    }
}

impl Import {
    /// Registers applications for those of their contexts that there are, and adds what they get to the
    /// tokens, which are there as well when it fails.
    pub(super) async fn applications(
        &self,
        applications: &[Application],
        tokens: &mut Vec<serde_json::Value>,
        report: &mut Report,
    ) -> Result<(), Failure> {
        for (application, name) in applications.iter().zip(names(applications)) {
            if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
                report.applications_odd.push(name);
                continue;
            }
            if name != application.name {
                let renamed = (application.name.clone(), name.clone());
                report.applications_renamed.push(renamed);
            }
            let given = self.register(application, name, report).await?;
            tokens.extend(given.map(|given| {
                serde_json::json!({
                    "was": application.id,
                    "app_name": application.name,
                    "environment": application.environment,
                    "app_id": given.app_id,
                    "access_token": given.access_token,
                    "refresh_token": given.refresh_token,
                })
            }));
        }
        Ok(())
    }

    /// Registers one; `None` in a dry run, and where there is one that does not come back.
    async fn register(
        &self,
        application: &Application,
        app_name: String,
        report: &mut Report,
    ) -> Result<Option<ApplicationTokens>, Failure> {
        let mut contexts = Vec::new();
        for name in application.contexts() {
            if self.database.has_context(&name).await? {
                contexts.extend(name.parse::<ContextName>());
            }
        }
        let Some(client) = &self.client else {
            report.applications += 1;
            return Ok(None);
        };
        let request = ApplicationRegister {
            app_name,
            environment: application.environment.clone(),
            team: application.team.clone(),
            description: application.description.clone().unwrap_or_default(),
            contexts,
        };
        let given = client.named_contexts().register_application(&request).await;
        report.registered(&request.app_name, &given);
        match given {
            Err(error) if left_out(&error).is_some() => Ok(None),
            given => Ok(Some(given?)),
        }
    }
}

/// Why one is left out, where others may be registered all the same: the tokens that those get are kept.
#[derive(Clone, Copy)]
enum LeftOut {
    Closed,
    Late,
    Odd,
}

/// `None` for an error that is not about this application alone. The surface says what is malformed in words
/// of its own, without a code.
fn left_out(error: &ClientError) -> Option<LeftOut> {
    match error {
        ClientError::Decode(DecodeError::Problem { status: 422 }) => Some(LeftOut::Odd),
        refused => match refused.code()? {
            Code::Conflict => Some(LeftOut::Closed),
            Code::RateLimited => Some(LeftOut::Late),
            Code::InvalidRequest => Some(LeftOut::Odd),
            _ => None,
        },
    }
}

impl Report {
    /// Says what became of an application of this name.
    fn registered(&mut self, name: &str, given: &Result<ApplicationTokens, ClientError>) {
        let names = match given {
            Ok(given) if given.is_new => {
                self.applications += 1;
                return;
            }
            Ok(_there) => &mut self.applications_there,
            Err(error) => match left_out(error) {
                Some(LeftOut::Closed) => &mut self.applications_closed,
                Some(LeftOut::Late) => &mut self.applications_late,
                Some(LeftOut::Odd) => &mut self.applications_odd,
                None => return,
            },
        };
        names.push(name.to_owned());
    }
}

/// Writes tokens to a file that only its owner reads.
pub(super) fn keep(path: &Path, tokens: &[serde_json::Value]) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(tokens).map_err(std::io::Error::from)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let write = || {
        // A temporary file is its owner's alone.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, &text)?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(Failure::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applications_of_one_name_and_environment_are_kept_apart() {
        let one = |id: &str, name: &str, environment: &str| {
            let mut one = Application::named(id, name);
            environment.clone_into(&mut one.environment);
            one
        };
        let found = names(&[
            one("app_1", "shop", "production"),
            one("app_2", "shop", "development"),
            one("app_3", "shop", "production"),
            one("app_4", "bills", "production"),
        ]);
        let expected = ["shop (app_1)", "shop", "shop (app_3)", "bills"];
        assert_eq!(found, expected);
    }

    /// Whoever names theirs as another's would be called gets neither that one's tokens nor its contexts.
    #[test]
    fn no_application_is_called_as_another_is() {
        let one = Application::named;
        for (other, expected) in [
            ("shop (app_1)", "shop (app_1) (app_1)"),
            ("shop (app_1) (app_1)", "shop (app_1)"),
        ] {
            let found = names(&[
                one("app_1", "shop"),
                one("app_2", "shop"),
                one("app_3", other),
            ]);
            assert_eq!(found, [expected, "shop (app_2)", other]);
        }
        let found = names(&[
            one("a", "x"),
            one("a) (b", "x"),
            one("b", "x (a)"),
            one("c", "x (a)"),
        ]);
        assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), 4, "{found:?}");
    }
}
