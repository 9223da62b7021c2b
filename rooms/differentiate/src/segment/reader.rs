//! What a reader may ask: a rule is a question, and a count or a sample is an answer.

use attune_web::{Scope, Sight};

use super::bind::{RuleError, Vocabulary};
use super::rule::{Rule, Subject, Test};

/// Refuses a rule this reader could learn from what is kept from them: [`check_sight`], and questions about companies, or about the record a field names,
/// by whoever does not see all of them. Somebody's own contact may work for a company, or name somebody, that is another's, and a count or a name in a
/// sample would tell of it.
pub fn check_reader(rule: &Rule, vocabulary: &Vocabulary, sight: &Sight, scope: Option<&Scope>) -> Result<(), RuleError> {
    check_sight(rule, sight)?;
    let tells = |field: &str| field.starts_with("company.") || vocabulary.names_record(field);
    let of_company = |rule: &&Rule| matches!(rule, Rule::Field(condition) if tells(&condition.field));
    match rule.conditions().iter().position(of_company) {
        Some(condition) if scope != Some(&Scope::All) => Err(RuleError {
            condition,
            key: "rule-error-company",
            what: String::new(),
            message: "only whoever sees all contacts and companies can ask about companies, and about whom fields name".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a rule that looks into addresses part by part, from whoever sees masks: a count would tell what they hide letter by letter. A whole
/// address may be asked for, as in a search.
pub fn check_sight(rule: &Rule, sight: &Sight) -> Result<(), RuleError> {
    let guesses = |rule: &&Rule| match rule {
        Rule::Field(condition) => {
            let field = condition.field.as_str();
            let may_hold = matches!(field, "email" | "phone") || field.starts_with("custom.") || field.starts_with("company.custom.");
            may_hold && matches!(condition.test, Test::Contains(_) | Test::Starts(_))
        }
        // What was clicked, typed or sent may hold an address, too; the beginning of a path tells of none.
        Rule::Event(event) => match &event.subject {
            Some(Subject::Contains(_)) => true,
            Some(Subject::Starts(begin)) => !begin.starts_with('/'),
            _ => false,
        },
        _ => false,
    };
    match rule.conditions().iter().position(guesses) {
        Some(condition) if !sight.is_full() => Err(RuleError {
            condition,
            key: "rule-error-address",
            what: String::new(),
            message: "whoever sees addresses masked cannot ask for parts of them".to_owned(),
        }),
        _ => Ok(()),
    }
}
