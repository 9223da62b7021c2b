//! The web over HTTP: a small house with one page, a form and an API, asked as anonymous, agent, administrator and program.

mod fixture;
mod pages;
mod requests;
mod sources;
