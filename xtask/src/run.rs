//! Runs suites in order and reports each with its time and its budget.

use std::fs;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::shell::{Shell, root};
use crate::suite::Suite;

/// How one suite ended.
#[derive(Debug)]
struct Report {
    name: &'static str,
    took: Duration,
    budget: Duration,
    tests: u64,
    failure: Option<Failure>,
}

/// Runs the chosen suites, all of them even when one fails.
pub(crate) fn suites(
    suites: &'static [Suite],
    only: &[String],
    without: &[String],
) -> Result<(), Failure> {
    let (chosen, left_out): (Vec<&Suite>, Vec<&Suite>) = suites
        .iter()
        .partition(|suite| is_chosen(suite.name, only, without));
    let mut reports = Vec::new();
    for suite in chosen {
        println!("{:<10} …", suite.name);
        let report = report(suite)?;
        println!("{}", line(&report));
        reports.push(report);
    }
    println!("\n{}", table(&reports));
    for suite in &left_out {
        println!("{:<10} left out by name", suite.name);
    }
    let failed = reports
        .iter()
        .filter(|report| report.failure.is_some())
        .count();
    println!(
        "{}",
        closing_line(reports.len() - failed, failed, left_out.len())
    );
    if failed == 0 {
        Ok(())
    } else {
        Err(Failure::Suites(failed))
    }
}

/// Runs one suite with its output on the terminal.
pub(crate) fn alone(suites: &[Suite], name: &str) -> Result<(), Failure> {
    suites
        .iter()
        .filter(|suite| suite.name == name)
        .try_for_each(|suite| (suite.run)(&mut Shell::terminal()))
}

fn is_chosen(name: &str, only: &[String], without: &[String]) -> bool {
    let named = |list: &[String]| list.iter().any(|entry| entry == name);
    (only.is_empty() || named(only)) && !named(without)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the report says how long a suite took"
)]
fn report(suite: &Suite) -> Result<Report, Failure> {
    let budget = Duration::from_secs(suite.budget_s);
    let folder = root().join("target/xtask");
    fs::create_dir_all(&folder).map_err(Failure::file(&folder))?;
    let mut shell = Shell::logged(folder.join(format!("{}.log", suite.name)), budget * 3)?;
    let started = Instant::now();
    let outcome = (suite.run)(&mut shell);
    let took = started.elapsed();
    let output = shell.output()?;
    let failure = outcome.and_then(|()| expect_tests(&output)).err();
    if failure.is_some() {
        println!("{output}");
    }
    Ok(Report {
        name: suite.name,
        took,
        budget,
        tests: tests_passed(&output),
        failure,
    })
}

/// A test runner that found nothing to run must not count as passed.
fn expect_tests(output: &str) -> Result<(), Failure> {
    let runs_tests = output.contains("test result: ");
    if runs_tests && tests_passed(output) == 0 {
        return Err(Failure::NoTest);
    }
    Ok(())
}

/// Sums what cargo's test runner says of each program of tests.
fn tests_passed(output: &str) -> u64 {
    output
        .lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "))
        .filter_map(|line| line.split_once(" passed")?.0.parse::<u64>().ok())
        .sum()
}

fn table(reports: &[Report]) -> String {
    reports.iter().map(|report| line(report) + "\n").collect()
}

fn line(report: &Report) -> String {
    let Report {
        name,
        took,
        budget,
        tests,
        failure,
    } = report;
    let tests = if *tests > 0 {
        format!("{tests} tests")
    } else {
        String::new()
    };
    let verdict = match failure {
        Some(failure) => format!("FAILED: {failure}"),
        None if took > budget => format!("passed, over its budget {tests}"),
        None => format!("passed {tests}"),
    };
    let (took, budget) = (took.as_secs_f64(), budget.as_secs());
    format!(
        "{name:<10} {took:>7.1} s of {budget:>5} s   {}",
        verdict.trim_end()
    )
}

fn closing_line(passed: usize, failed: usize, skipped: usize) -> String {
    if skipped == 0 {
        format!("{passed} passed, {failed} failed")
    } else {
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::{closing_line, expect_tests, is_chosen, tests_passed};

    const OUTPUT: &str =
        "test result: ok. 12 passed; 0 failed;\ntest result: ok. 3 passed; 0 failed;";

    #[test]
    fn passed_tests_of_all_programs_are_summed() {
        assert_eq!(tests_passed(OUTPUT), 15);
    }

    #[test]
    fn a_runner_that_ran_nothing_is_a_failure() {
        assert!(expect_tests("test result: ok. 0 passed; 0 failed;").is_err());
        assert!(expect_tests(OUTPUT).is_ok());
        assert!(expect_tests("no runner at all").is_ok());
    }

    #[test]
    fn suites_are_chosen_and_left_out_by_name() {
        let demo = ["demo".to_owned()];
        assert!(is_chosen("demo", &[], &[]));
        assert!(is_chosen("demo", &demo, &[]));
        assert!(!is_chosen("units", &demo, &[]));
        assert!(!is_chosen("demo", &[], &demo));
    }

    #[test]
    fn closing_line_counts_what_was_left_out() {
        assert_eq!(closing_line(11, 0, 0), "11 passed, 0 failed");
        assert_eq!(closing_line(9, 1, 1), "9 passed, 1 failed, 1 skipped");
    }
}
