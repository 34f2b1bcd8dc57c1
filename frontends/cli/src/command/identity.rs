//! `aroom identity`: who this installation is.

use crate::clean::reveal;
use crate::context::{Context, Quit};
use crate::exit;
use crate::theme::Style;
use clap::Subcommand;
use serde_json::json;

/// `aroom identity`.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum IdentityCommand {
    /// Show id, name and public key
    #[command(after_help = "\
Examples:
  aroom identity show
  aroom identity show --json | jq -r .user_id")]
    Show,
    /// Print the public key, PEM, for those who check signatures
    #[command(after_help = "\
Examples:
  aroom identity export-public > anteroom.pub.pem
  aroom identity export-public | openssl pkey -pubin -text")]
    ExportPublic,
}

pub(crate) async fn run(context: &mut Context, command: &IdentityCommand) -> Result<u8, Quit> {
    let identity = context.host.read().identity().await?;
    if *command == IdentityCommand::ExportPublic {
        context.printer.data(&identity.public_key);
        return Ok(exit::OK);
    }
    if context.options.is_json {
        context.printer.json(&json!(identity));
        return Ok(exit::OK);
    }
    let theme = context.printer.out_theme();
    let name = theme.paint(Style::Bold, &reveal(&identity.display_name));
    context
        .printer
        .line(&format!("{name}  {}", reveal(&identity.user_id)));
    for line in identity.public_key.lines() {
        context.printer.line(line);
    }
    Ok(exit::OK)
}
