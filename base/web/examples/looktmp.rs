
#![allow(warnings, clippy::all, clippy::unwrap_used)]
use std::{collections::HashMap, sync::Arc};
use attune_db::*; use attune_kernel::*; use attune_web::*; use jiff::tz::TimeZone;
struct Staff;
fn actor(l: Locale, t: Theme) -> Actor { let mut g=HashMap::new(); for k in ["a"] { g.insert(k.to_string(), Scope::All);} Actor{staff_id:7,name:"Mei Tan".into(),role:"admin".into(),team_id:None,locale:l,theme:t,time_zone:TimeZone::UTC,grants:Arc::new(g),via:Via::Session{id:1}} }
impl Doorman for Staff {
 fn by_session<'a>(&'a self,_:&'a Db,h:&'a str,_:i64)->BoxFuture<'a,Result<Option<Actor>,Fault>>{ let mut f=None; for l in Locale::ALL { for t in Theme::ALL { if token_hash(&format!("{}-{}",l.tag(),t.name()))==h { f=Some(actor(l,t)); } } } Box::pin(async move{Ok(f)}) }
 fn by_api_key<'a>(&'a self,_:&'a Db,_:&'a str,_:i64)->BoxFuture<'a,Result<Option<Actor>,Fault>>{Box::pin(async{Ok(None)})}
 fn needs_setup<'a>(&'a self,_:&'a Db)->BoxFuture<'a,Result<bool,Fault>>{Box::pin(async{Ok(false)})}
 fn set_preference<'a>(&'a self,_:&'a Db,_:&'a Actor,_:Option<Locale>,_:Option<Theme>,_:i64)->BoxFuture<'a,Result<(),Fault>>{Box::pin(async{Ok(())})}
}
#[tokio::main] async fn main(){ let d=tempfile::tempdir().unwrap(); let db=Db::open(d.path().to_str().unwrap(),&DbOptions::default()).await.unwrap();
 let mut web=Web::bare(db,Arc::new(Texts::build(&[]).unwrap()),Arc::new(Staff),Secret::new([1;32]));
 web.nav=Arc::new(vec![NavItem::new("","web-today","/","house",1,"").phone().go('h'),NavItem::new("web-gallery-plan","web-gallery-all","/ui","users",2,"").phone().go('c'),NavItem::new("web-gallery-plan","web-gallery-mine","/menu","kanban",3,"").phone()]);
 let app=layers(routes::<Web>(),web.clone()).with_state(web);
 let l=tokio::net::TcpListener::bind("127.0.0.1:7499").await.unwrap(); axum::serve(l,app).await.unwrap(); }
