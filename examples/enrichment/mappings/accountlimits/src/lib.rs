//! The mapping of extension-account-limits: what the bank's limits service
//! answers, in the words of the response.

use aril::{map, Answer, Args, Error, Result};

#[derive(Default)]
struct AccountLimits;

impl aril::Call for AccountLimits {
    fn output_handler(&self, args: &Args) -> Result<Answer> {
        let context = args.message()?;
        if !context.get(("body", "isSuccess"))?.unwrap_or(false) {
            let why: Option<String> = context.get(("body", "errorMessage"))?;
            return Err(Error::new("backend", why.unwrap_or_default()));
        }
        let figure = |name: &str| -> Result<i64> {
            Ok(context.get(("body", "data", name))?.unwrap_or(0))
        };
        let daily = figure("daily")?;
        Ok(Answer::from(map! {
            "data" => map! {
                "dailyLimit" => daily,
                "remainingLimit" => daily - figure("usedToday")?,
                "monthlyLimit" => figure("monthly")?,
            },
        }))
    }
}

aril::export!(AccountLimits: call);
