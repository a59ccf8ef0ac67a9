//! What a buyer does, as verbs. Each waits for what it needs, and none of them waits for a time.
use crate::stage::{Done, Screen, Stage, until};
use fantoccini::Locator;
use fantoccini::elements::Element;
use serde_json::Value;

/// The T-shirt that lies in every new cart.
pub(crate) const TEE: i64 = 50_000;
/// 신한, as Toss numbers card companies.
pub(crate) const CARD_COMPANY: &str = "41";

impl Stage {
    /// Opens a page of the shop.
    pub(crate) async fn visit(&self, path: &str) -> Done {
        Ok(self.browser.goto(&format!("{}{path}", self.shop)).await?)
    }

    /// The element, once it can be seen.
    pub(crate) async fn see(&self, css: &str) -> Done<Element> {
        until(css, async || {
            let element = self.browser.find(Locator::Css(css)).await?;
            Ok(element.is_displayed().await?.then_some(element))
        })
        .await
    }

    /// Brings an element to the middle of the screen, clear of the bar at the bottom, and clicks it as soon as it
    /// is not disabled.
    pub(crate) async fn click(&self, css: &str) -> Done {
        until(&format!("{css} to be clicked"), async || {
            let element = self.browser.find(Locator::Css(css)).await?;
            if !element.is_enabled().await? {
                return Ok(None);
            }
            let argument = serde_json::to_value(&element)?;
            self.browser.execute("arguments[0].scrollIntoView({ block: 'center' });", vec![argument]).await?;
            Ok(Some(element.click().await?))
        })
        .await
    }

    /// Can the element be seen, now?
    pub(crate) async fn is_shown(&self, css: &str) -> Done<bool> {
        Ok(self.browser.find(Locator::Css(css)).await?.is_displayed().await?)
    }

    /// What an element says.
    pub(crate) async fn text(&self, css: &str) -> Done<String> {
        Ok(self.see(css).await?.text().await?)
    }

    /// Waits until an element says this.
    pub(crate) async fn read(&self, css: &str, expected: &str) -> Done {
        until(&format!("{css} to say {expected:?}"), async || {
            let said = self.browser.find(Locator::Css(css)).await?.text().await?;
            if said == expected { Ok(Some(())) } else { Err(format!("it says {said:?}").into()) }
        })
        .await
    }

    /// What a script in the page answers.
    pub(crate) async fn ask(&self, script: &str) -> Done<Value> {
        Ok(self.browser.execute(&format!("return {script};"), Vec::new()).await?)
    }

    /// Waits for the address of a page of the shop.
    pub(crate) async fn arrive(&self, path: &str) -> Done {
        until(path, async || {
            let url = self.browser.current_url().await?;
            if url.path() == path { Ok(Some(())) } else { Err(format!("the address is {url}").into()) }
        })
        .await
    }

    /// A value in the query of the present address.
    pub(crate) async fn query(&self, name: &str) -> Done<String> {
        let url = self.browser.current_url().await?;
        let value = url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        value.ok_or_else(|| format!("no {name} in {url}").into())
    }

    // ---- on the order page ----

    /// Opens the order page and waits until it could be paid.
    pub(crate) async fn go_shopping(&self) -> Done {
        self.visit("/").await?;
        self.await_shop().await
    }

    /// Waits until the order page could be paid.
    pub(crate) async fn await_shop(&self) -> Done {
        self.see("body.payment-ready #pay-button:enabled").await?;
        self.see("#toss-sandbox-agreement").await?;
        Ok(())
    }

    /// Chooses the card company in Toss's widget, which asks for it first.
    pub(crate) async fn choose_card(&self) -> Done {
        self.enter("#toss-sandbox-methods").await?;
        self.see("#card-company").await?.select_by_value(CARD_COMPANY).await?;
        self.read("#card-company option:checked", "신한").await?;
        self.leave().await
    }

    /// Chooses another method in Toss's widget.
    pub(crate) async fn choose_method(&self, code: &str) -> Done {
        self.enter("#toss-sandbox-methods").await?;
        self.click(&format!("[data-method={code}]")).await?;
        self.leave().await
    }

    /// From an open order page to an open payment window.
    pub(crate) async fn press_pay(&self) -> Done {
        self.click("#pay-button").await?;
        self.enter_window().await
    }

    // ---- in the payment window ----

    /// Waits for the payment window and looks into it.
    pub(crate) async fn enter_window(&self) -> Done {
        if self.screen == Screen::Desktop {
            self.enter("#toss-sandbox-window").await?;
        }
        self.see("#window[data-state=form] #pay-approve").await?;
        Ok(())
    }

    /// Approves; the browser goes to the success page.
    pub(crate) async fn approve(&self) -> Done {
        self.click("#pay-approve").await?;
        self.leave().await?;
        self.arrive("/success").await
    }

    /// Chooses a reason among the window's ways to fail.
    pub(crate) async fn decline(&self, code: &str) -> Done {
        self.click("#pay-decline").await?;
        self.click(&format!("#decline-reasons [data-code={code}]")).await?;
        self.leave().await
    }

    /// Enters a frame.
    pub(crate) async fn enter(&self, css: &str) -> Done {
        Ok(self.see(css).await?.enter_frame().await?)
    }

    /// Back to the page itself.
    pub(crate) async fn leave(&self) -> Done {
        Ok(self.browser.enter_parent_frame().await?)
    }

    // ---- afterwards ----

    /// Waits until the success page shows this outcome: `paid`, `pending`, `waiting`, `failed`.
    pub(crate) async fn see_result(&self, state: &str) -> Done {
        self.see(&format!("#result[data-state={state}]")).await?;
        Ok(())
    }

    /// The whole way, from an open order page to a paid order; its number.
    pub(crate) async fn buy(&self) -> Done<String> {
        self.choose_card().await?;
        self.press_pay().await?;
        self.approve().await?;
        self.see_result("paid").await?;
        self.text("#order-number").await
    }
}
