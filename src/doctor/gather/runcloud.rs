use std::time::Duration;

use tokio::time::timeout;

use crate::config::Examined;
use crate::doctor::domains::refused_names;
use crate::doctor::facts::{Api, State};
use crate::patience::Patience;
use crate::progress::Progress;
use crate::runcloud::{Account, ApiError};
use crate::stop::Stop;

/// How long RunCloud may take in all. A list of thousands of names on a throttled account takes longer.
const LIMIT: Duration = Duration::from_secs(45);
/// How long the look into other web applications may take.
const ELSEWHERE: Duration = Duration::from_secs(15);
/// How many of them are looked into.
const APPS: usize = 10;
/// A hiccup is none; what lasts is what is looked for.
const PATIENCE: Patience = Patience {
    total: Duration::from_secs(3),
    throttled: Duration::from_secs(3),
    ..Patience::COMMAND
};

/// Asks RunCloud everything that the settings allow to ask.
pub(super) async fn ask(settings: &Examined, progress: &Progress) -> Api {
    let mut api = Api::default();
    match account(settings, progress) {
        None => {}
        Some(Err(error)) => api.ping = Some(Err(error)),
        Some(Ok(account)) => {
            let asking = ask_in_order(&mut api, &account, settings);
            let ended = timeout(LIMIT, asking).await;
            api.ran_out_of_time = ended.is_err();
            api.clocks = account.clocks();
        }
    }
    api
}

/// Looks for names that RunCloud refused in the server's other web applications.
pub(super) async fn look_elsewhere(
    api: &mut Api,
    settings: &Examined,
    state: &State,
    progress: &Progress,
) {
    let refused = refused_names(api, state);
    let (Some(Ok(account)), Some(server)) = (account(settings, progress), settings.server_id)
    else {
        return;
    };
    if refused.is_empty() || api.ran_out_of_time {
        return;
    }
    let looking = async {
        api.apps = account.web_apps(server).await.unwrap_or_default();
        for app in api.apps.iter().filter(|app| Some(app.id) != settings.app_id).take(APPS) {
            let Ok(domains) = account.web_app(server, app.id).domains().await else { continue };
            for name in refused.iter().filter(|name| domains.get(name).is_some()) {
                api.elsewhere.insert(name.clone(), app.clone());
            }
        }
    };
    // What was found until then counts.
    let _ = timeout(ELSEWHERE, looking).await;
}

fn account(settings: &Examined, progress: &Progress) -> Option<Result<Account, ApiError>> {
    let (base, credentials) = (settings.base.as_ref()?, settings.credentials.as_ref()?);
    Some(Account::new(base, credentials, PATIENCE, Stop::new(), progress.clone()))
}

/// Ends where RunCloud would answer everything else the same.
async fn ask_in_order(api: &mut Api, account: &Account, settings: &Examined) -> Option<()> {
    go_on(api.ping.insert(account.ping().await))?;
    let server = settings.server_id?;
    let answer = account.server(server).await;
    if api.server.insert(answer).as_ref().is_err_and(is_unknown) {
        api.servers = account.servers().await.unwrap_or_default();
        return None;
    }
    go_on(api.server.as_ref()?)?;
    let reader = account.web_app(server, settings.app_id?);
    if api.app.insert(reader.web_app().await).as_ref().is_err_and(is_unknown) {
        api.apps = account.web_apps(server).await.unwrap_or_default();
        return None;
    }
    go_on(api.app.as_ref()?)?;
    go_on(api.ssl.insert(reader.ssl().await))?;
    go_on(api.certificates.insert(reader.certificates().await))?;
    go_on(api.log.insert(reader.log().await))?;
    go_on(api.domains.insert(reader.domains().await))
}

fn go_on<T>(answer: &Result<T, ApiError>) -> Option<()> {
    (!answer.as_ref().is_err_and(ApiError::is_about_everything)).then_some(())
}

/// An id that is not this account's.
fn is_unknown(error: &ApiError) -> bool {
    matches!(error, ApiError::NotFound(_) | ApiError::Forbidden(_))
}
