//! J6: what nobody should read is nowhere to be read: not in the logs, however talkative they are, not in the
//! answers, not in what the commands print.
use crate::buyer::Buyer;
use crate::crashes::refuse_states;
use crate::support::{Answer, DATABASE_ERROR, SECRET_KEY, World, send};
use serde_json::json;
use std::process::Output;
use toss_sandbox::{FaultKind, FaultOperation};

const PERSON: [&str; 3] = ["김비밀", "secret.buyer@example.com", "01098765432"];

#[tokio::test]
async fn j6_no_secret_and_no_personal_data_in_logs_answers_or_printed_text() {
    for format in ["text", "json"] {
        let settings =
            format!("[log]\nfilter = \"trace\"\nformat = \"{format}\"\n[limits]\nstore_retry_ms = 200\n");
        let world = World::with(&settings).await;
        let run = Run::of(&world).await;
        run.finds_nothing(&world);
    }
}

/// Everything that came out of one eventful run.
struct Run {
    answers: Vec<Answer>,
    printed: Vec<Output>,
    buyers: Vec<Buyer>,
    canceled: Answer,
}

impl Run {
    async fn of(world: &World) -> Self {
        let api = &world.api;
        let [name, email, mobile_phone] = PERSON;
        let order = json!({
            "merchantReference": "j6", "orderName": "비밀", "totalAmount": 1_000,
            "customer": {"name": name, "email": email, "mobilePhone": mobile_phone},
        });
        let made = api.shop_post("/v1/orders", &order).await.has_status(201);
        let mut buyer = Buyer::new(api, 1_000).await;
        made["id"].as_str().unwrap().clone_into(&mut buyer.order);
        let mut answers = vec![buyer.save(api).await];
        buyer.key = world.authenticate(&buyer.toss_order, 1_000);
        answers.push(buyer.verify(api).await);
        world.spoil(FaultOperation::Confirm, FaultKind::LoseReply);
        answers.push(buyer.confirm(api).await);
        answers.push(buyer.read(api).await);
        answers.push(buyer.stranger().cancel(api).await);
        let canceled = buyer.cancel(api).await;
        canceled.has_status(200);

        // What goes wrong is what is logged.
        let duplicate = api.shop_post("/v1/orders", &order).await;
        assert_eq!(duplicate.status, 409);
        let mut wrong = order.clone();
        wrong["customer"]["mobilePhone"] = json!("010-9876-5432-secret");
        answers.extend([duplicate, api.shop_post("/v1/orders", &wrong).await]);
        for path in ["/payments/confirm", "/payments/cancel", "/v1/orders"] {
            let cut = format!("{{\"paymentKey\":\"{}\",\"customer\":\"{name}", buyer.key);
            answers.push(send(api.post(path, cut).bearer_auth(&api.key)).await);
        }
        world.db().execute_batch(&refuse_states("'paid'")).unwrap();
        let unlucky = Buyer::ready(world, 1_000).await;
        let failed = unlucky.confirm(api).await;
        failed.is(500, DATABASE_ERROR);
        answers.push(failed);
        for path in ["/metrics", "/readyz", "/healthz"] {
            answers.push(send(api.get(path)).await);
        }
        let mut printed = Vec::new();
        for arguments in [&["config"][..], &["doctor"], &["keys", "list"]] {
            printed.push(world.run(arguments).await);
        }
        Self { answers, printed, buyers: vec![buyer, unlucky], canceled }
    }

    fn finds_nothing(&self, world: &World) {
        let logs = world.logs();
        assert!(
            logs.contains("payment moved") && logs.contains("the store hesitates"),
            "the run was eventful"
        );
        let basic = "dGVzdF9za196WExrS0VweU5BcldtbzUwblgzbG1lYXhZRzVSOg";
        let mut secrets = vec![SECRET_KEY.to_owned(), basic.to_owned(), world.api.key.clone()];
        let cookies = self.buyers.iter().filter_map(|buyer| buyer.cookie.as_deref());
        secrets.extend(cookies.map(|cookie| cookie.trim_start_matches("hanbeon_session=").to_owned()));
        let printed = self.printed.iter().map(|output| {
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
        });
        let printed: String = printed.collect();
        assert!(printed.contains("test_sk_***"), "the kind of key is shown, the key is not: {printed}");
        let answered: String = self.answers.iter().map(|answer| answer.body.as_str()).collect();
        for secret in &secrets {
            for (place, text) in [("logs", &logs), ("answers", &answered), ("printed text", &printed)] {
                assert_absent(place, text, secret);
            }
        }
        // The cancel's answer is Toss's whole payment, by contract; nothing else shows a card or a person.
        let card = self.canceled.json()["card"].clone();
        let (number, approval) = (card["number"].as_str().unwrap(), card["approveNo"].as_str().unwrap());
        let mut private: Vec<_> = PERSON.into_iter().chain([number]).map(str::to_owned).collect();
        private.push(format!("\"approveNo\":\"{approval}\""));
        private.extend(self.buyers.iter().map(|buyer| buyer.key.clone()));
        for text in &private {
            assert_absent("logs", &logs, text);
            assert_absent("printed text", &printed, text);
            assert_absent("answers", &answered, text);
        }
    }
}

fn assert_absent(place: &str, text: &str, secret: &str) {
    let line = text.lines().find(|line| line.contains(secret));
    assert!(line.is_none(), "{secret} is in the {place}: {}", line.unwrap_or_default());
}
