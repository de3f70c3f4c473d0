//! The calls that the plugin's own integration makes to add names, played out against the same simulator.
//!
//! It sends them for each name by itself, right after another; what they answer changes nothing about the next name.

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use runcloud_domain_sync::simulator::{ApiVersion, Credential, Model, Simulator};
use serde_json::{Value, json};

use super::Spent;
use super::network::{model, name};

const TOKEN: &str = "simulated-token-that-is-longer-than-fifty-characters-00000";
const KEY: &str = "simulated-key";
const SECRET: &str = "simulated-secret";

/// 2.4.9 and later, on v3: the order is to be built from an id that the answer of `ssl/advanced` does not hold.
pub(super) async fn add_with_2_4_9(present: usize, additions: usize) -> Spent {
    let api = Api::start(model(present)).await;
    for number in present..present + additions {
        let body = json!({
            "name": name(number), "www": true, "redirection": "non-www", "type": "alias",
        });
        api.call(Method::POST, "domains", Some(body)).await;
        let mode = api.call(Method::GET, "ssl/advanced", None).await;
        if let Some(id) = mode["sslCertificate"]["id"].as_u64() {
            api.call(Method::PATCH, &format!("ssl/advanced/{id}/redeploy"), None).await;
        }
    }
    api.spent(present + 1 + additions)
}

/// 2.0 to 2.4.8, on v2: one order of the whole certificate per name.
pub(super) async fn add_with_2_0(present: usize, additions: usize) -> Spent {
    let mut model = model(present);
    model.version = ApiVersion::V2;
    model.credential = Credential::Basic { key: KEY.to_owned(), secret: SECRET.to_owned() };
    let api = Api::start(model).await;
    for number in present..present + additions {
        let body = json!({ "name": name(number), "www": true, "redirection": "non-www" });
        api.call(Method::POST, "domains", Some(body)).await;
        let certificate = api.call(Method::GET, "ssl", None).await;
        if let Some(id) = certificate["id"].as_u64() {
            api.call(Method::PUT, &format!("ssl/{id}"), None).await;
        }
    }
    api.spent(present + 1 + additions)
}

/// The simulated RunCloud, and a client that behaves as WordPress's does.
struct Api {
    runcloud: Simulator,
    app: String,
    http: Client,
}

impl Api {
    async fn start(model: Model) -> Self {
        let (server, app) = (model.server.id, model.app.id);
        let runcloud = Simulator::start(model).await.expect("a simulator");
        let app = format!("{}/servers/{server}/webapps/{app}", runcloud.url());
        let headers =
            HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        let http = Client::builder().user_agent("WordPress/6.8").default_headers(headers).build();
        Self { runcloud, app, http: http.expect("an HTTP client") }
    }

    /// The JSON of an answer that has to be a good one.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.signed(self.http.request(method, format!("{}/{path}", self.app)));
        if let Some(body) = body {
            request = request.header("Content-Type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.and_then(reqwest::Response::error_for_status);
        let text = answer.expect("a good answer").text().await.expect("a whole answer");
        serde_json::from_str(&text).expect("JSON")
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        match self.runcloud.model().credential {
            Credential::Bearer(_) => request.bearer_auth(TOKEN),
            Credential::Basic { .. } => request.basic_auth(KEY, Some(SECRET)),
        }
    }

    fn spent(&self, names: usize) -> Spent {
        let model = self.runcloud.model();
        assert_eq!(model.app.domains.len(), names, "the plugin added every name");
        let orders = model.orders.len();
        drop(model);
        Spent { calls: self.runcloud.calls().len(), orders }
    }
}
