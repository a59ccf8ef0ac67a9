//! What every store promises, as tests that run against any of them. A case is one promise of the trait
//! [`Store`](hanbeon_store::Store); it gets an empty store and drives it through the domain's own functions.
//!
//! ```ignore
//! fn open() -> (Arc<dyn Store>, impl Sized) { … }   // the store, and what must outlive it
//! hanbeon_testkit::store_conformance!(open);
//! ```
//!
//! 1. [`world`]: makes orders, requests and steps; 2. [`orders`], [`sessions`]; 3. [`payments`], [`states`],
//!    [`leases`], [`turns`], [`history`], [`events`], [`undo`]; 4. [`refunds`], [`wishes`], [`elsewhere`]; 5. [`notices`]; 6. [`claims`],
//!    [`keys`]; 7. [`copies`]: which copy of the books it is; 8. [`forgetting`]: what goes.
#![expect(clippy::missing_panics_doc, reason = "a case panics when the store breaks its promise")]

pub mod billing;
pub mod claims;
pub mod copies;
pub mod elsewhere;
pub mod events;
pub mod forgetting;
pub mod history;
pub mod keys;
pub mod leases;
pub mod notices;
pub mod orders;
pub mod payments;
pub mod receipts;
pub mod refunds;
pub mod sessions;
pub mod states;
pub mod tax;
pub mod turns;
pub mod undo;
pub mod wishes;
pub mod world;

/// One `#[tokio::test]` per promise, against the stores that `$open` makes.
#[macro_export]
macro_rules! store_conformance {
    ($open:path) => {
        $crate::store_conformance! { @cases $open;
            orders: an_order_comes_back_as_it_was_written, an_unknown_order_is_none,
                a_reference_belongs_to_one_order, one_of_64_orders_gets_the_reference,
                an_order_id_is_never_overwritten;
            sessions: a_session_exists_once_it_saved_or_paid, one_of_64_takes_a_saved_amount,
                only_the_saved_amount_itself_is_taken, a_second_save_replaces_the_first,
                beyond_the_limit_the_oldest_saved_amount_goes, a_checkout_shows_what_its_session_saved;
            payments: a_checkout_shows_the_order_and_its_payment, one_of_64_begins_on_an_order_wins,
                d2_one_of_64_commits_of_a_step_wins, a_stale_commit_writes_nothing,
                a_payment_key_pays_one_order, a_begin_that_is_offered_twice_is_taken,
                a_payment_of_no_order_is_refused, an_order_is_free_again_when_nothing_was_kept,
                an_order_is_held_by_everything_else, the_history_grows_by_one_line_per_step,
                an_order_shows_its_payments_oldest_first, a_payment_is_found_by_its_key;
            states: every_state_comes_back_with_all_its_facts;
            leases: what_is_due_is_leased_oldest_first, a_lease_supersedes_its_former_holder,
                a_payment_is_due_when_its_step_says, d9_one_of_64_workers_gets_each_payment,
                nothing_is_due_in_an_empty_store;
            undo: a_promise_stands_until_it_is_forgotten, a_promise_is_made_twice_and_forgotten_once,
                each_of_64_promises_at_once_stands;
            refunds: a_refund_ends_with_the_exact_answer, a_refused_refund_frees_the_budget,
                a_refund_that_nobody_can_explain_needs_review, one_of_64_cancels_wins,
                a_stale_cancel_writes_nothing, a_refund_id_is_used_once,
                refunds_are_listed_oldest_first, the_newest_whole_refund_is_found,
                a_refund_is_settled_once;
            turns: a_payment_at_rest_is_leased_by_its_name, a_payment_under_way_is_leased_between_its_tries,
                a_notice_is_reported_until_somebody_has_looked, notices_are_spaced,
                a_notice_of_a_payment_that_is_held_is_followed_after_it,
                a_step_that_wants_another_look_is_a_notice, a_hint_finds_its_payment;
            history: each_line_is_sealed_after_the_one_before, records_come_in_pages,
                payments_are_listed_by_their_state, s13_a_change_of_state_and_its_line_are_one;
            events: each_change_is_told_once, j3_the_events_of_an_order_are_counted_without_gaps,
                s14_events_are_read_in_pages_as_often_as_wanted, b5_only_the_one_whose_step_is_written_tells;
            wishes: a_wish_waits_for_its_turn, a_wish_on_a_payment_that_is_held_comes_after_it,
                wishes_are_spaced, a_wish_has_no_turn_before_the_payment_is_known,
                wishes_have_their_turns_oldest_first, wishes_together_never_exceed_the_payment,
                only_so_many_wishes_wait, the_same_wish_is_one, a_waiting_wish_can_be_refused,
                a_wish_belongs_to_one_payment;
            elsewhere: a_cancel_made_elsewhere_is_kept_once, a_strange_cancel_does_not_stop_a_step,
                a_refund_that_needs_review_is_not_guessed_at,
                a_refund_under_way_starts_anew_from_another_balance, a_transaction_is_one_refund,
                late_money_claims_no_order_that_is_held, late_money_may_claim_an_order_that_is_free;
            notices: a_webhook_is_kept_as_it_came, a_webhook_makes_its_payment_due,
                a_repeated_webhook_is_known_and_followed, one_of_64_same_webhooks_is_new,
                only_the_newest_webhooks_are_kept;
            claims: one_of_64_claims_a_key, an_answer_is_repeated_as_it_was,
                a_claim_whose_request_died_is_taken_over, a_key_belongs_to_one_request,
                a_claim_that_was_given_up_may_be_tried_again, an_answer_is_kept_until_it_is_forgotten;
            tax: s20_what_is_not_taxed_comes_back_as_it_was_written, s20_a_strange_tax_does_not_stop_a_step;
            keys: a_key_is_found_until_it_is_revoked, a_name_is_taken_until_it_is_revoked,
                keys_are_listed_oldest_first, a_healthy_store_says_so;
            copies: a_generation_is_raised_above_all_that_are_known, no_generation_is_beyond_the_last,
                i3_events_of_a_younger_copy_have_larger_numbers;
            forgetting: what_is_past_its_date_goes_by_retention_in_steps,
                what_a_clock_that_was_ahead_has_left_stops_nothing,
                a_session_goes_with_the_last_that_it_saved, whoever_comes_back_is_not_forgotten,
                retention_leaves_what_is_needed, a_row_that_is_past_its_date_is_given_as_it_stands,
                what_has_changed_since_it_was_read_stays, a_row_goes_once,
                the_oldest_of_too_many_webhooks_are_past_their_date;
        }
    };
    (@cases $open:path; $($module:ident: $($case:ident),+;)+) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (store, _keep) = $open();
                $crate::conformance::$module::$case(store).await;
            }
        )+)+
    };
}
