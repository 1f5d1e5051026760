//! `strongroom init`.

use std::ffi::OsString;

use clap::Args;

use crate::config::ServerArgs;
use crate::failure::Failure;
use crate::print;

/// Makes a deployment.
#[derive(Args, Debug)]
#[command(after_help = "\
With a root key file, made here for its owner's eyes only:
  strongroom init --data /var/lib/strongroom --key-file /mnt/keys/root.key

With a passphrase instead, which is asked for here and at each start:
  strongroom init --data /var/lib/strongroom --passphrase-root /var/lib/strongroom/root

Whoever has the root and the database has the data; whoever loses the root has lost it.")]
pub(super) struct InitArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) async fn run(args: &InitArgs) -> Result<(), Failure> {
    let data = args.server.data()?;
    let created = strongroom_server::initialise(&args.server.config()?).await?;
    let Some(created) = created else {
        return Err(Failure::Initialised { path: data });
    };
    print::note("The deployment is made. Its administrator's API key, which is not shown again:");
    print::line(&created.api_key.secret)?;
    let arguments = std::env::args_os().skip_while(|argument| argument != "init");
    print::note(format_args!(
        "\nSystem workspace: {}\nNext: {}, then\n  \
         STRONGROOM_API_KEY=… strongroom admin workspaces create shop",
        created.workspace.id,
        serve_with(arguments.skip(1))
    ));
    Ok(())
}

/// The command that serves what was made: `serve` takes the options of `init`. The database's URL
/// holds a password, and is left to who has it.
fn serve_with(options: impl Iterator<Item = OsString>) -> String {
    let mut line = "strongroom serve".to_owned();
    let mut is_url = false;
    for option in options {
        let option = option.to_string_lossy();
        let shown = if is_url {
            "…".to_owned()
        } else if option.starts_with("--database=") {
            "--database=…".to_owned()
        } else {
            quoted(&option)
        };
        is_url = option == "--database";
        line = format!("{line} {shown}");
    }
    line
}

/// A word of a shell's command line.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_command_has_the_options_and_no_password() {
        let shown = |options: &[&str]| serve_with(options.iter().map(OsString::from));
        assert_eq!(shown(&[]), "strongroom serve");
        let options = ["--data", "d 2", "--passphrase-root=it's"];
        let expected = r"strongroom serve --data 'd 2' '--passphrase-root=it'\''s'";
        assert_eq!(shown(&options), expected);
        for options in [
            &["--database", "postgres://u:hunter2@db/s", "--data", "d"][..],
            &["--database=postgres://u:hunter2@db/s", "--data", "d"],
        ] {
            let shown = shown(options);
            assert!(
                !shown.contains("hunter2") && shown.ends_with("… --data d"),
                "{shown}"
            );
        }
    }
}
