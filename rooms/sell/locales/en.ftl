sell-sales = Sales
sell-permission-today = See Today
sell-permission-steps = Put the first steps away
sell-permission-task-view = See tasks
sell-permission-task-edit = Give, change and check off tasks
sell-permission-handover-view = See hand-overs
sell-permission-handover-decide = Accept hand-overs and pass them back
sell-permission-handover-offer = Hand contacts over to reps
sell-permission-cap = Set how many leads a rep may hold
sell-setting-holding-cap = Holding limit
sell-setting-holding-cap-hint = How many leads a rep may hold: on offer and accepted, until they buy or move on. A rep can have a limit of their own.
sell-setting-sla-minutes = Answer within, in working minutes
sell-setting-sla-minutes-hint = After that the rep’s manager gets a task.
sell-setting-work-from = Work begins at, hour
sell-setting-work-from-hint = 0 to 23
sell-setting-work-to = Work ends at, hour
sell-setting-work-to-hint = 1 to 24
sell-setting-work-days = Working days a week, from Monday
sell-setting-work-days-hint = 5, 6 or 7
sell-setting-work-days-5 = Monday to Friday
sell-setting-work-days-6 = Monday to Saturday
sell-setting-work-days-7 = Every day
sell-setting-work-zone = Time zone of the working hours
sell-setting-work-zone-hint = For example Europe/Berlin or Asia/Shanghai
sell-facet-open-tasks = Open tasks
sell-facet-handover-state = Hand-over

# Tasks
task-tasks = Tasks
task-new = New task
task-edit = Edit task
task-add = Add task
task-title = What is to be done
task-reason = Why
task-reason-hint = Whoever does it reads this first
task-due = Due
task-owner = Owner
task-about = About
task-done = Done
task-views = Whose tasks
task-view-mine = Mine
task-view-team = Team
task-view-all = All
task-due-open = Open
task-due-late = Late
task-due-today = Today
task-due-week = Next 7 days
task-due-done = Done
task-none = No tasks here
task-none-text = Tasks appear when you add one, accept a hand-over, or an answer is late.
task-none-here = Nothing is to be done for this contact.
task-no-contact = The contact does not exist or is not yours to see
task-count =
    { $n ->
        [one] 1 task
       *[other] { $n } tasks
    }
task-check = Done: { $title }
task-owner-is = Owner: { $name }
task-done-when = Done { $when }
task-created = Added “{ $title }”
task-saved = Saved “{ $title }”
task-done-said = Done: { $title }
task-reopened-said = Open again: { $title }
task-postponed-said = Moved to tomorrow: { $title }
task-title-overdue = See to the hand-over of { $name }
task-reason-overdue = { $rep } has not answered in time
task-title-accepted = First talk with { $name }
task-reason-accepted = You accepted the hand-over; the packet says what to begin with

# Hand-overs
handover-handover = Hand-over
handover-handovers = Hand-overs
handover-of = Hand-over of { $name }
handover-views = Where they stand
handover-state-waiting = Waiting for room
handover-state-offered = To answer
handover-state-accepted = Accepted
handover-state-rejected = Passed back
handover-mine = Only mine
handover-none = Nobody here
handover-none-text = Contacts appear when a push funnel ends or somebody hands one over.
handover-contact = Contact
handover-company = Company
handover-grade = Grade
handover-rep = Rep
handover-origin = Came from
handover-origin-push-funnel = Push funnel
handover-origin-manual = A colleague
handover-place = Place
handover-answer = Answer
handover-no-room = Waits until a rep has room
handover-late-by = { $span } late
handover-time-left = { $span } left
handover-open = Open the packet
handover-open-contact = Open contact
handover-say = What to say
handover-say-hint = Drawn from what they did last. Check it before you use it.
handover-say-form = They filled in “{ $about }”. Answer that first.
handover-say-purchase = They bought “{ $about }”. Ask how it works for them before offering more.
handover-say-file = They took “{ $about }”. Ask which part matters for their case.
handover-say-search = They searched for “{ $about }”. Start with the answer to that.
handover-say-click = They followed “{ $about }” in the mail. Start with that offer.
handover-say-page = They read { $about }. Ask what they were looking for there.
handover-say-nothing = They have done nothing you could refer to yet. Introduce yourself and ask what they need.
handover-why = Why now
handover-why-none = Nothing they did has earned points.
handover-points =
    { $points ->
        [one] 1 point
       *[other] { $points } points
    }
handover-times =
    { $count ->
        [one] once
       *[other] { $count } times
    }
handover-score-page = Read pages
handover-score-dwell = Stayed on a page
handover-score-file = Took files
handover-score-search = Searched the site
handover-score-opened = Opened mails
handover-score-click = Followed links in mails
handover-score-unsubscribed = Unsubscribed
handover-score-form = Filled in forms
handover-score-video = Watched videos
handover-score-purchase = Bought
handover-score-other = Event { $event }
handover-last = What they did last
handover-last-none = Nothing has been seen of them yet.
handover-trace-page = Read { $about }
handover-trace-file = Took { $about }
handover-trace-search = Searched for “{ $about }”
handover-trace-click = Followed { $about }
handover-trace-form = Filled in { $about }
handover-trace-video = Watched { $about }
handover-trace-purchase = Bought { $about }
handover-trace-link = Left for { $about }
handover-from = Where they came from
handover-source = Source
handover-visit = Last visit
handover-made = Handed over
handover-decided = Answered
handover-accept = Accept
handover-reject = Pass back
handover-reason = Reason
handover-note = Note for marketing
handover-reason-needed = Choose a reason
handover-note-needed = Say what the reason is
handover-reason-too-small = Too small
handover-reason-wrong-person = Wrong person
handover-reason-not-reached = Not reached
handover-reason-no-need = No need now
handover-reason-competitor = Works for a competitor
handover-reason-duplicate = Known already
handover-reason-other = Other
handover-with = With { $name }
handover-none-yet = Not handed over yet.
handover-begin = Hand over
handover-to = To
handover-to-hint = Left open, it goes to whoever has most room
handover-not-open = Somebody has answered this hand-over already, or it was withdrawn.
handover-no-rep = Nobody you may hand over to fits.
handover-held-already = { $name } is in a rep’s hands already
handover-waits-said = { $name } waits until a rep has room
handover-offered-said = { $name } was offered
handover-accepted-said = { $name } is yours now
handover-rejected-said = { $name } went back to marketing
handover-reps = Reps and limits
handover-in-hand = In hand
handover-load = Load
handover-held = { $held } of { $cap }
handover-cap = Own limit
handover-cap-hint = Empty: the general limit holds
handover-cap-default = Without a limit of their own, a rep may hold { $cap }. Whoever has bought or moved on no longer counts.
handover-cap-saved = Limit of { $name } saved

# Today
today-today = Today
today-comma = {", "}
today-good-morning = Good morning, { $name }
today-good-afternoon = Good afternoon, { $name }
today-good-evening = Good evening, { $name }
today-offers =
    { $count ->
        [0] No hand-over waits for you
        [one] 1 hand-over waits for your answer
       *[other] { $count } hand-overs wait for your answer
    }
today-tasks-due =
    { $count ->
        [0] no task is due
        [one] 1 task is due
       *[other] { $count } tasks are due
    }
today-steps = First steps
today-step-done = Done:
today-step-tracking = Tracking code
today-step-contacts = Import contacts
today-step-segment = Build a segment
today-step-mail = Send a mail
today-step-colleague = Invite a colleague
today-steps-hide = Put the first steps away
today-held = Leads you hold
today-of = of { $all }
today-in-time = Answered in time, 30 days
today-in-time-of = { $in_time } of { $all }
today-in-time-none = No answers yet
today-due = Tasks due
today-done = Tasks done, 7 days
today-next = Do next
today-next-order = by time left, then by engagement
today-nothing = Nothing waits for you
today-nothing-text = Hand-overs, tasks and contacts gone quiet appear here in order of urgency.
today-more =
    { $count ->
        [one] 1 more below
       *[other] { $count } more below
    }
today-answer = Answer the hand-over of { $name }
today-answer-reason = { $origin }, place { $place } { $company }
today-quiet = Write to { $name }
today-quiet-reason = Last seen { $when }, still { $points } points
today-plan = Plan
today-later = Tomorrow: { $title }
today-all-tasks = All tasks
today-aside = Now and earlier
today-hot = Most engaged
today-hot-from = hot from { $points }
today-hot-none = Nobody is warm yet. Scores rise when people read, click and buy.
today-is-hot = Hot
today-changed = Since yesterday
today-since = since { $day }
today-changed-none = Nothing has changed
today-changed-none-text = Replies, clicks, purchases and hand-overs of your contacts appear here.
today-when = When
today-changed-handed-over =
    { $count ->
        [one] 1 contact handed over
       *[other] { $count } contacts handed over
    }
today-changed-purchase =
    { $count ->
        [one] 1 contact bought
       *[other] { $count } contacts bought
    }
today-changed-form =
    { $count ->
        [one] 1 contact filled in a form
       *[other] { $count } contacts filled in a form
    }
today-changed-clicked =
    { $count ->
        [one] 1 contact followed a link in a mail
       *[other] { $count } contacts followed a link in a mail
    }
today-changed-opened =
    { $count ->
        [one] 1 contact opened a mail
       *[other] { $count } contacts opened a mail
    }
today-changed-identified =
    { $count ->
        [one] 1 visitor became known
       *[other] { $count } visitors became known
    }
today-changed-rejected =
    { $count ->
        [one] 1 contact passed back
       *[other] { $count } contacts passed back
    }
today-changed-unsubscribed =
    { $count ->
        [one] 1 contact unsubscribed
       *[other] { $count } contacts unsubscribed
    }
today-changed-owner =
    { $count ->
        [one] 1 contact changed hands
       *[other] { $count } contacts changed hands
    }
today-list-handed-over = Handed over
today-list-purchase = Bought
today-list-form = Filled in a form
today-list-clicked = Followed a link in a mail
today-list-opened = Opened a mail
today-list-identified = Became known
today-list-rejected = Passed back
today-list-unsubscribed = Unsubscribed
today-list-owner = Changed hands

## A colleague's book is handed over
sell-permission-book = Hand over a colleague’s book
book-hand-over-theirs = Hand over their book
book-staff = Staff
book-of = { $name }’s book
book-intro = What this colleague looks after. Choose who takes it over; nothing is written before you have seen who would get what.
book-contacts = Contacts
book-companies = Companies
book-tasks = Open tasks
book-handovers = Hand-overs
book-promises = Open promises
book-empty = { $name } looks after nothing.
book-nobody = There is no active colleague who could take it over.
book-rule = By which rule
book-way-one = To one colleague
book-way-load = Shared out evenly
book-way-country = By country
book-way-city = By city
book-way-grade = By grade
book-way-one-hint = Everything goes to the same person.
book-way-load-hint = Whoever has least gets most, so that the books end up about as full as each other. People of one company stay together.
book-way-country-hint = By the contact’s country, or else the company’s. Tasks and hand-overs go with the contact.
book-way-city-hint = By the contact’s city, or else the company’s. Tasks and hand-overs go with the contact.
book-way-grade-hint = By the contact’s grade. A company goes with most of its people; tasks and hand-overs go with the contact.
book-to = Who takes it over
book-among = Among whom
book-rest = Everything else goes to
book-with-the-rest = With everything else
book-no-places = No place is known for anything in this book.
book-place = { $place } ({ $count })
book-grade = Grade { $grade }
book-choose-somebody = Choose at least one colleague.
book-preview = Show who gets what
book-preview-heading = Who would get what
book-preview-text = Nothing has changed hands yet. A figure opens the list behind it.
book-colleague = Colleague
book-then = In their book then
book-would-get = What { $name } would get
book-more =
    { $count ->
        [one] and 1 more
       *[other] and { $count } more
    }
book-hand-over = Hand over
book-past = Handed over before
book-handed-over = Handed over
book-ready = Waiting
book-running = Under way
book-done = Handed over
book-failed = Failed
book-cancelled = Stopped
book-undo-ready = Coming back
book-undo-running = Coming back
book-undo-done = Given back
book-undo-failed = Giving back failed
book-undo-cancelled = Giving back was stopped
book-refresh = Refresh
book-stop = Stop
book-stopping = It stops after what it is at. What has changed hands can be undone.
book-undoing = The book is coming back.
book-busy = This book is on its way already, or nothing of it is left to give back.
book-came-back =
    { $count ->
        [one] 1 thing is { $name }’s again.
       *[other] { $count } things are { $name }’s again.
    }
book-stayed =
    { $count ->
        [one] 1 thing had been moved on since and stays where it is.
       *[other] { $count } things had been moved on since and stay where they are.
    }
book-missed =
    { $count ->
        [one] 1 thing was not handed over: somebody had moved it, or it was stopped before.
       *[other] { $count } things were not handed over: somebody had moved them, or it was stopped before.
    }
book-undo-text = An undo gives { $name } back what nobody has moved since.

## Erasing a person

erased-tasks = Tasks
erased-book_rows = What hand-overs of a book moved
erased-handovers = Hand-overs to reps
erased-contact_changes = Changes on the Today page

task-next = What comes next
task-next-plan = Plan something
task-next-ours = We promised: { $what }
task-next-theirs = They promised: { $what }
task-next-none = Nothing is planned.
today-promises = Promises
today-all-promises = All promises
today-promise-ours = You promise { $name }
today-promise-theirs = { $name } promises you
today-promise-kept = Kept
task-title-mentioned = Read the note on { $name }
task-reason-mentioned = { $by } named you in it
