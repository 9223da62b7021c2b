report-insight = Insight
report-reports = Reports
report-permission-view = See reports
report-as-of = Figures as of { $time }

funnel-title = Visitor to customer
funnel-about = People who became known from { $from } to { $to }, followed until today
funnel-about-all = Everybody who ever became known, followed until today
funnel-period = Period
funnel-period-30 = 30 days
funnel-period-90 = 90 days
funnel-period-365 = 12 months
funnel-period-all = All times
funnel-filter = Own dates and source
funnel-from = From
funnel-to = To
funnel-utc = Days begin at midnight UTC
funnel-source = Source
funnel-show = Show
funnel-show-people = , show people
funnel-show-data = Show data
funnel-empty = Nobody is known yet
funnel-empty-text = The funnel fills as visitors come and contacts are imported.
funnel-empty-act = Import contacts
funnel-visitors = Visitors
funnel-identified = Of them known now
funnel-won-rate = Known to customer
funnel-won-time = Median time to customer
funnel-stage-known = Known contacts
funnel-stage-engaged = Engaged
funnel-stage-handed-over = Handed over
funnel-stage-accepted = Accepted by sales
funnel-stage-customer = Customers
funnel-stage-direct = Bought without a rep
funnel-where = Where people leave
funnel-leak = Biggest leak: { $from } to { $to }
funnel-stage = Stage
funnel-share = Share of known contacts
funnel-people = People
funnel-rate = Step rate
funnel-change = Change
funnel-median = Median time
funnel-left = Left
funnel-reasons = Why they left
funnel-points = { $points } pts
funnel-at-once = at once
funnel-why = { $reason } { $share }
funnel-why-open = no word from { $count } before “{ $stage }”
funnel-loss-unsubscribed = Unsubscribed
funnel-loss-undelivered = Mail not delivered
funnel-loss-too-small = Too small
funnel-loss-wrong-person = Wrong person
funnel-loss-not-reached = Not reached
funnel-loss-no-need = No need now
funnel-loss-competitor = Works for a competitor
funnel-loss-duplicate = Known already
funnel-loss-other = Other reasons
funnel-advice =
    { $left ->
        [one] Only { $rate } come from “{ $from }” to “{ $to }”. Look at the one who stopped there first.
       *[other] Only { $rate } come from “{ $from }” to “{ $to }”. Look at the { $left } who stopped there first.
    }
funnel-advice-none = Too few people yet to name a leak. Come back when ten have reached a stage.
funnel-direct =
    { $count ->
        [one] 1 more person bought without a rep
       *[other] { $count } more people bought without a rep
    }
funnel-over-time = Known and engaged over time
funnel-step-days =
    { $count ->
        [one] by day, dashed: engaged
       *[other] by { $count } days, dashed: engaged
    }
funnel-plot-says =
    { $known ->
        [one] 1 person became known and { $engaged } engaged; most came from { $day } on, { $most }.
       *[other] { $known } people became known and { $engaged } engaged; most came from { $day } on, { $most }.
    }
funnel-from-day = From day
funnel-by-source = By source
funnel-source-rest = All others
funnel-source-unknown = Unknown
funnel-push = Push funnel: { $name }
funnel-round = Round
funnel-planned = Planned
funnel-delivered = Delivered
funnel-responded = Responded
funnel-nobody = Nobody here
funnel-nobody-text = No one you may see is behind this figure.
funnel-left-at = No further than: { $stage }
funnel-visitor = Visitor
funnel-stranger = Unknown visitor
funnel-landing = First page
funnel-first-seen = First seen
funnel-person = Contact
funnel-company = Company
funnel-owner = Owner
funnel-known-when = Became known
funnel-reached-when = Reached

## Erasing a person

erased-funnel_steps = Steps of the funnel
erased-funnel_losses = Why the funnel ended
erased-funnel_visitors = First visits in the funnel
