//! What an import did, or would do.

use core::fmt;

use super::database::Tenant;

/// What an import did, or would do.
#[derive(Debug, Default)]
pub(super) struct Report {
    tenant: String,
    dry_run: bool,
    /// Ciphertexts that opened.
    pub(super) checked: Option<u64>,
    pub(super) contexts: u64,
    pub(super) contexts_there: u64,
    /// Contexts whose names Strongroom does not take.
    pub(super) odd_contexts: Vec<String>,
    /// Words said of data that Strongroom does not know.
    pub(super) unknown_config: u64,
    pub(super) keys: u64,
    pub(super) keys_replaced: u64,
    pub(super) keys_there: u64,
    pub(super) odd_keys: usize,
    pub(super) retired: u64,
    /// Private keys that no salt unwraps.
    pub(super) closed: Vec<String>,
    pub(super) applications: u64,
    /// Applications of names that the API key's client had registered before: they got new tokens.
    pub(super) applications_there: Vec<String>,
    /// Applications of one name and environment, of several users: what each is called here.
    pub(super) applications_renamed: Vec<(String, String)>,
    /// Applications that were not registered: there is one of the name that is suspended or has ended.
    pub(super) applications_closed: Vec<String>,
    /// Applications that were not registered: within an hour there may be no more.
    pub(super) applications_late: Vec<String>,
    /// Applications whose name, team, environment or description Strongroom does not take.
    pub(super) applications_odd: Vec<String>,
}

impl Report {
    pub(super) fn of(tenant: &Tenant, dry_run: bool) -> Self {
        Self {
            tenant: tenant.slug.clone(),
            dry_run,
            ..Self::default()
        }
    }
}

impl Report {
    fn of_applications(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let there = self.applications_there.len();
        write!(
            f,
            "applications: {} new, {there} there already",
            self.applications
        )?;
        for name in &self.applications_there {
            write!(
                f,
                "\n  there already, has new tokens and these contexts too: {name:?}"
            )?;
        }
        for (was, is) in &self.applications_renamed {
            write!(
                f,
                "\n  kept apart from others of its name: {was:?} is {is:?}"
            )?;
        }
        for name in &self.applications_closed {
            write!(f, "\n  left out, suspended or ended here: {name:?}")?;
        }
        if !self.applications_late.is_empty() {
            write!(
                f,
                "\n  left out, for `[applications] registrations_per_hour`: raise it and import again"
            )?;
        }
        for name in &self.applications_late {
            write!(f, "\n  left out, for that limit: {name:?}")?;
        }
        for name in &self.applications_odd {
            write!(
                f,
                "\n  left out, for what it is called or said to be: {name:?}"
            )?;
        }
        Ok(())
    }
}

/// One line for each thing, in an order that can be compared.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let would = if self.dry_run {
            ", nothing written"
        } else {
            ""
        };
        writeln!(f, "tenant {}{would}", self.tenant)?;
        if let Some(checked) = self.checked {
            writeln!(f, "checked: {checked} ciphertexts open")?;
        }
        let (new, there) = (self.contexts, self.contexts_there);
        writeln!(f, "contexts: {new} new, {there} there already")?;
        for name in &self.odd_contexts {
            writeln!(f, "  left out, for its name: {name:?}")?;
        }
        if self.unknown_config > 0 {
            let words = self.unknown_config;
            writeln!(f, "  {words} words about their data left out, as unknown")?;
        }
        let (new, replaced) = (self.keys, self.keys_replaced);
        let there = self.keys_there;
        writeln!(
            f,
            "keys: {new} new, {replaced} replaced, {there} there already"
        )?;
        if self.odd_keys > 0 {
            writeln!(f, "  {} left out, with their contexts", self.odd_keys)?;
        }
        if self.retired > 0 {
            writeln!(f, "  {} left out, as retired", self.retired)?;
        }
        for id in &self.closed {
            writeln!(f, "  left out, opens with no salt: {id:?}")?;
        }
        self.of_applications(f)
    }
}
