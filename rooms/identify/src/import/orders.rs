//! Files of orders: a line is a position, the lines of one order are one purchase, and customers come back line after line.

use std::collections::HashSet;

use attune_kernel::Money;
use serde::{Deserialize, Serialize};

use super::event_rows::EventRow;
use super::moments::read_time;
use super::plan::{ColumnPlan, Plan, PlanError, Target};
use super::profile::{Column, Profile, header_words};
use super::rows::{Line, RowError};
use crate::field::FieldKind;

/// What happened when somebody bought.
const BOUGHT: &str = "purchase.made";
/// What happened when more went back than was bought; its amount is what went back.
const RETURNED: &str = "purchase.returned";

/// How purchases are read from the lines of a file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrderPlan {
    /// The column with the order's number: lines of the same one that follow one another are one purchase. Without it each line is.
    pub order: Option<String>,
    /// The column with the time; without zone it is UTC.
    pub at: String,
    /// The column with the price of a line, or of a piece if there is a `quantity`.
    pub amount: String,
    /// The column with how many pieces; returned ones are negative.
    pub quantity: Option<String>,
    /// ISO 4217 code of the prices; the workspace's when it is missing.
    pub currency: Option<String>,
}

impl OrderPlan {
    fn columns(&self) -> impl Iterator<Item = &String> {
        [Some(&self.at), Some(&self.amount), self.order.as_ref(), self.quantity.as_ref()].into_iter().flatten()
    }

    /// Checks that every column is in the file.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), PlanError> {
        match self.columns().find(|name| !plan.columns.iter().any(|c| c.column == **name)) {
            Some(missing) => Err(PlanError::NoColumn(missing.clone())),
            None => Ok(()),
        }
    }

    /// The place of the column whose equal neighbours belong together.
    pub(super) fn glue(&self, plan: &Plan) -> Option<usize> {
        let order = self.order.as_ref()?;
        plan.columns.iter().position(|c| c.column == *order)
    }
}

/// Makes the guess for a file of people one for a file of orders, if the columns say so: customers who come back, days, and prices.
pub(super) fn guess(profile: &Profile, plan: Plan) -> Plan {
    let Some((customer, orders)) = find(profile) else { return plan };
    let mut columns = plan.columns.clone();
    let told: HashSet<&String> = orders.columns().collect();
    for column in &mut columns {
        let is_known = matches!(&column.to, Target::Attribute { key } if key != "external_id");
        if told.contains(&column.column) || !is_known {
            column.to = Target::Skip;
        }
    }
    let plan = Plan { columns, orders: Some(orders), ..plan };
    plan.clone().with_key(&customer).unwrap_or(plan)
}

// How the columns of such files are called, folded, by their ends.
pub(super) const CUSTOMER: [&str; 11] =
    ["customerid", "customerno", "customernumber", "clientid", "buyerid", "userid", "memberid", "客户编号", "客户id", "会员号", "会员编号"];
const ORDER: [&str; 11] = [
    "orderid",
    "orderno",
    "ordernumber",
    "invoiceno",
    "invoiceid",
    "invoicenumber",
    "transactionid",
    "receiptno",
    "订单号",
    "订单编号",
    "发票号",
];
const QUANTITY: [&str; 6] = ["quantity", "qty", "units", "pieces", "数量", "件数"];
const PIECE: [&str; 5] = ["unitprice", "priceperunit", "pieceprice", "单价", "price"];
pub(super) const SUM: [&str; 13] =
    ["total", "amount", "revenue", "sales", "dollars", "turnover", "linetotal", "totalprice", "金额", "总额", "总价", "实付金额", "销售额"];

/// The columns whose names end like one of these words.
fn named<'p>(profile: &'p Profile, words: &'static [&'static str]) -> impl Iterator<Item = &'p Column> {
    profile.columns.iter().filter(move |column| {
        let name = header_words(&column.name).concat();
        words.iter().any(|word| name.ends_with(word))
    })
}

fn find(profile: &Profile) -> Option<(String, OrderPlan)> {
    // Who buys twice is what makes it a file of orders and not one of people.
    let customer = named(profile, &CUSTOMER).find(|column| column.comes_back() && column.filled > 0)?;
    let at = named(profile, &["date", "datetime", "time", "timestamp", "日期", "时间", "下单时间"]).find(|column| column.is_of_days())?;
    let order = named(profile, &ORDER).find(|column| column.filled > 0).map(|column| column.name.clone());
    let (amount, quantity) = match named(profile, &SUM).find(|column| column.is_of_numbers()) {
        Some(sum) => (sum, None),
        None => {
            (named(profile, &PIECE).find(|column| column.is_of_numbers())?, named(profile, &QUANTITY).find(|column| column.is_of_numbers()))
        }
    };
    let plan = OrderPlan {
        order,
        at: at.name.clone(),
        amount: amount.name.clone(),
        quantity: quantity.map(|column| column.name.clone()),
        currency: None,
    };
    Some((customer.name.clone(), plan))
}

/// The purchases of these lines, of which `refused` were not read as people. An order with a line that cannot be read is not taken at all:
/// a smaller purchase would count beside the right one once the file is mended. Answers the purchases and the lines that go with an order.
pub(super) fn read(plan: &Plan, orders: &OrderPlan, lines: &[Line], mut refused: Vec<RowError>) -> (Vec<EventRow>, Vec<RowError>) {
    let mut unread: HashSet<i64> = refused.iter().map(|error| error.line).collect();
    let (mut purchases, mut parts): (Vec<Purchase>, Vec<Vec<i64>>) = (Vec::new(), Vec::new());
    for line in lines {
        let position = match position(plan, orders, line) {
            Ok(Some(position)) => position,
            Ok(None) => continue,
            Err(error) => {
                if unread.insert(error.line) {
                    refused.push(error);
                }
                Purchase::unread(plan, orders, line)
            }
        };
        match (purchases.last_mut(), parts.last_mut()) {
            (Some(last), Some(part)) if last.is_of(&position) => {
                last.total += position.total;
                part.push(line.number);
            }
            _ => {
                purchases.push(position);
                parts.push(vec![line.number]);
            }
        }
    }
    let currency = orders.currency.clone().or_else(|| plan.home_currency.clone()).unwrap_or_default();
    let mut events = Vec::with_capacity(purchases.len());
    for (purchase, part) in purchases.into_iter().zip(parts) {
        if part.iter().any(|line| unread.contains(line)) {
            let order = purchase.order.unwrap_or_default();
            let others = part.into_iter().filter(|line| !unread.contains(line));
            refused.extend(others.map(|line| RowError { line, cause: "order", detail: order.clone() }));
        } else {
            events.extend(purchase.event(&currency));
        }
    }
    (events, refused)
}

/// An order as far as its lines were read.
struct Purchase {
    line: i64,
    order: Option<String>,
    customer: Option<String>,
    at: i64,
    total: f64,
}

impl Purchase {
    /// A line whose time or numbers cannot be read, as a part of its order.
    fn unread(plan: &Plan, orders: &OrderPlan, line: &Line) -> Self {
        let value = |column: &str| value_of(plan, line, column).map(str::to_owned);
        let (order, customer) = (orders.order.as_deref().and_then(value), plan.key.as_deref().and_then(value));
        Self { line: line.number, order, customer, at: 0, total: 0.0 }
    }

    fn is_of(&self, other: &Self) -> bool {
        self.order.is_some() && (&self.order, &self.customer) == (&other.order, &other.customer)
    }

    /// Nothing happened when nothing was paid or given back.
    fn event(self, currency: &str) -> Option<EventRow> {
        let minor = (self.total.abs() * 10_f64.powi(i32::try_from(Money::places(currency)).unwrap_or(2))).round() as i64;
        let name = if self.total < 0.0 { RETURNED } else { BOUGHT };
        (minor > 0).then(|| EventRow {
            line: self.line,
            name: name.to_owned(),
            at: self.at,
            subject: self.order,
            amount: Some(minor),
            currency: Some(currency.to_owned()),
            says_currency: false,
            props: serde_json::Map::new(),
        })
    }
}

fn position(plan: &Plan, orders: &OrderPlan, line: &Line) -> Result<Option<Purchase>, RowError> {
    let value = |column: &str| value_of(plan, line, column);
    let wrong = |cause: &'static str, detail: &str| RowError { line: line.number, cause, detail: detail.chars().take(200).collect() };
    let number = |text: &str| {
        let plain = text.trim_start_matches(['$', '€', '£', '¥']);
        FieldKind::Number.read(plain).and_then(|n| n.as_f64()).ok_or_else(|| wrong("number", text))
    };
    let (Some(time), Some(price)) = (value(&orders.at), value(&orders.amount)) else { return Ok(None) };
    let pieces = match orders.quantity.as_deref().and_then(value) {
        Some(text) => number(text)?,
        None => 1.0,
    };
    Ok(Some(Purchase {
        line: line.number,
        order: orders.order.as_deref().and_then(value).map(str::to_owned),
        customer: plan.key.as_deref().and_then(value).map(str::to_owned),
        at: read_time(time).ok_or_else(|| wrong("date", time))?,
        total: pieces * number(price)?,
    }))
}

/// What a line says in a column.
fn value_of<'l>(plan: &Plan, line: &'l Line, column: &str) -> Option<&'l str> {
    let at = plan.columns.iter().position(|c| c.column == column)?;
    line.values.as_ref().ok()?.get(at).map(str::trim).filter(|value| !plan.is_empty_word(value))
}

/// The columns the page shows as those of the orders, in words of the file.
impl OrderPlan {
    /// `InvoiceNo, InvoiceDate, Quantity × UnitPrice`.
    pub fn shown(&self) -> String {
        let price = self.quantity.as_ref().map_or_else(|| self.amount.clone(), |quantity| format!("{quantity} × {}", self.amount));
        self.order.iter().cloned().chain([self.at.clone(), price]).collect::<Vec<_>>().join(", ")
    }
}

/// A plan for people made of one for orders: each column goes where the guess for people would have it.
pub(super) fn forget(plan: Plan) -> Plan {
    let back = |c: ColumnPlan| match c.to {
        Target::Skip => {
            ColumnPlan { to: Target::Field { key: crate::field::key_of(&c.column), label: c.column.clone(), kind: FieldKind::Text }, ..c }
        }
        _ => c,
    };
    Plan { columns: plan.columns.into_iter().map(back).collect(), orders: None, ..plan }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
        1,a,6,2010-12-01 08:26:00,2.55,17850,France\n1,b,2,2010-12-01 08:26:00,3.40,17850,France\n\
        2,a,1,2010-12-02 09:00:00,2.55,13047,Norway\nC3,a,-1,2010-12-03 09:00:00,2.55,17850,France\n\
        4,a,1,2010-12-04 09:00:00,0,13047,Norway\n5,a,1,2010-12-05 09:00:00,9.99,,Norway\n";

    fn planned(text: &str) -> Plan {
        Plan { home_currency: Some("GBP".to_owned()), ..Profile::of_text(text).guess(&[]) }
    }

    fn lines(text: &str) -> Vec<Line> {
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        reader.records().zip(2..).map(|(record, number)| Line { number, values: Ok(record.unwrap()) }).collect()
    }

    #[test]
    fn the_lines_of_an_order_are_one_purchase() {
        let plan = planned(FILE);
        let orders = plan.orders.clone().unwrap();
        assert_eq!((plan.key.as_deref(), orders.shown()), (Some("CustomerID"), "InvoiceNo, InvoiceDate, Quantity × UnitPrice".to_owned()));
        let to = |name: &str| plan.columns.iter().find(|c| c.column == name).unwrap().to.text();
        assert_eq!([to("CustomerID"), to("Country"), to("StockCode"), to("UnitPrice")], ["external_id", "country", "-", "-"]);
        let (events, refused) = read(&plan, &orders, &lines(FILE), Vec::new());
        let told: Vec<_> = events.iter().map(|e| (e.line, e.name.as_str(), e.subject.as_deref().unwrap(), e.amount.unwrap())).collect();
        let expected = [(2, BOUGHT, "1", 2_210), (4, BOUGHT, "2", 255), (5, RETURNED, "C3", 255), (7, BOUGHT, "5", 999)];
        assert_eq!((told.as_slice(), refused), (&expected[..], vec![]));
    }

    #[test]
    fn a_file_of_people_is_none_of_orders() {
        // Everybody once, or no prices.
        assert_eq!(planned("customer id,date,total\n1,2026-01-01,3\n2,2026-01-01,4\n").orders, None);
        assert_eq!(planned("customer id,date,visits\n1,2026-01-01,3\n1,2026-01-02,4\n").orders, None);
        let plan = planned("客户编号,下单时间,实付金额\n1,2026-01-01,3\n1,2026-01-02,4.5\n");
        assert_eq!(plan.orders.map(|orders| orders.amount), Some("实付金额".to_owned()));
    }

    #[test]
    fn an_order_with_a_line_that_cannot_be_read_is_not_taken() {
        let plan = planned(FILE);
        let orders = plan.orders.clone().unwrap();
        let told = |text: &str, refused: Vec<RowError>| {
            let (events, refused) = read(&plan, &orders, &lines(text), refused);
            let lines: Vec<(i64, &str)> = refused.iter().map(|error| (error.line, error.cause)).collect();
            (events.len(), lines)
        };
        assert_eq!(told(&FILE.replace("3.40,17850", "cheap,17850"), vec![]), (3, vec![(3, "number"), (2, "order")]));
        // The person of the first line was refused before: who would the purchase belong to?
        let nobody = RowError { line: 2, cause: "email", detail: String::new() };
        assert_eq!(told(FILE, vec![nobody]), (3, vec![(2, "email"), (3, "order")]));
    }
}
