# Segments
segment-list = Segments
segment-may-view = View segments
segment-may-edit = Create and change segments
segment-new = New segment
segment-none = Segments group the people who belong together
segment-none-text = Say who belongs by what they do and who they are; members come and go by themselves.
segment-name = Name
segment-kind = Kind
segment-people = People
segment-week = 7 days
segment-trend = 30 days
segment-changed = Changed
segment-static = Static
segment-dynamic = Dynamic
segment-filling = Finding members
segment-live = Live
segment-show-people = show people
segment-delete = Delete segment
segment-deleted = “{ $name }” was deleted.
segment-restored = “{ $name }” is back.
segment-saved = “{ $name }” is saved. Its members are being found.
segment-snapshot-taken = { $count ->
    [one] Snapshot of 1 person taken.
   *[other] Snapshot of { $count } people taken.
 }
segment-name-taken = Choose another name: “{ $name }” exists.
segment-circle = Take out “{ $name }”: the rule would lead back to itself.
segment-used = “{ $name }” asks for this segment. Change that rule first.
segment-static-text = A static segment keeps the people it was made of. Take a snapshot of another rule for new ones.
segment-count-now = Count
segment-publish = Publish
segment-save-dynamic = Save as dynamic
segment-snapshot = Take snapshot
segment-rename = Save name
segment-who = Who belongs
segment-line-hint = the number on each line is that line alone
segment-as-text = The same rule as text
segment-text = Rule text
segment-text-hint = For example: score >= 20 and event page.viewed(contains "pricing") within 30d
segment-use-text = Use this text
segment-in-words = In words: { $words }.
segment-sample = Sample
segment-sample-of = { $shown } of { $total }
segment-sample-none = Nobody you may see belongs here yet.
segment-company = Company
segment-grade = Grade
segment-entered = Entered
segment-nameless = Without a name
segment-size = Size and movement
segment-people-now = People now
segment-of-all = of { $all } contacts · counted in { $ms } ms
segment-plot-label = People in this segment over 30 days: from { $first } to { $last }
segment-today = today
segment-in-use = { $count ->
    [one] In use now: 1 member.
   *[other] In use now: { $count } members.
 }
segment-show-members = Show members
segment-publishing = Publishing adds { $added } and drops { $dropped }.
segment-among = Among them
segment-moves = Enters and leaves
segment-14-days = 14 days
segment-moves-label = 14 days: { $entered } entered, { $departed } left
segment-entered-today = Entered, { $count } today
segment-left-today = Left, { $count } today
segment-members = Members
segment-count-people = { $count ->
    [one] 1 person
   *[other] { $count } people
 }
segment-empty = Nobody belongs here now
segment-empty-text = People appear as soon as the rule holds for them.
segment-panel-none = In no segment
segment-group = Group of conditions
segment-join = Match
segment-join-all = All of
segment-join-any = Any of
segment-join-none = None of
segment-drop-group = Remove group
segment-drop-condition = Remove condition
segment-add-condition = Condition
segment-add-group = Group
segment-add-segment = Use a segment
segment-what = Condition on
segment-what-event = Did: { $name }
segment-what-field = Is: { $name }
segment-what-score = Engagement score
segment-what-fit = Fit score
segment-what-segment = Segment
segment-op = Comparison
segment-points = Points
segment-subject = Compare what it was about
segment-subject-contains = contains
segment-subject-starts = starts with
segment-subject-equals = is exactly
segment-subject-text = About
segment-amount-least = amount at least
segment-amount = Least amount
segment-seconds-least = seconds at least
segment-seconds = Least seconds
segment-count = How often
segment-count-ge = at least
segment-count-le = at most
segment-count-eq = exactly
segment-times = Times
segment-times-word = times
segment-window = When
segment-window-within = in the last
segment-window-ever = ever
segment-window-between = from, to
segment-first-day = First day
segment-last-day = Last day
segment-span = How long
segment-unit = Unit
segment-unit-d = days
segment-unit-h = hours
segment-unit-min = minutes
segment-unit-w = weeks
segment-value = Value
segment-value-of = one of { $values }
segment-value-staff = name or e-mail address of a colleague
segment-value-team = name of a team
segment-value-contact = name, e-mail address or id of a contact
segment-value-company = name, domain or id of a company
segment-op-in = is
segment-op-not-in = is not
segment-op-contains = contains
segment-op-starts = starts with
segment-op-known = is known
segment-op-unknown = is unknown
segment-op-within = in the last
segment-op-older = longer ago than
segment-op-next = in the next
segment-op-since = on or after
segment-op-before = before
segment-op-yes = yes
segment-op-no = no
segment-row-choose = choose one
segment-row-number = enter a number
segment-row-day = choose a day
segment-row-value = enter a value
segment-field-name = Name
segment-field-email = Email
segment-field-phone = Phone
segment-field-title = Job title
segment-field-city = City
segment-field-country = Country
segment-field-stage = Stage
segment-field-grade = Grade
segment-field-source = Source
segment-field-locale = Language
segment-field-owner = Owner
segment-field-team = Team
segment-field-company = Company
segment-field-created = Created
segment-field-seen = Last seen
segment-field-of-company = Company’s { $name }
segment-field-company-name = Company’s name
segment-field-company-domain = Company’s web domain
segment-field-company-industry = Company’s industry
segment-field-company-city = Company’s city
segment-field-company-country = Company’s country
segment-field-company-owner = Company’s owner
segment-field-company-team = Company’s team
segment-field-company-created = Company’s record created
segment-field-company-tag = Company’s tag
segment-span-d = { $n ->
    [one] 1 day
   *[other] { $n } days
 }
segment-span-h = { $n ->
    [one] 1 hour
   *[other] { $n } hours
 }
segment-span-min = { $n ->
    [one] 1 minute
   *[other] { $n } minutes
 }
segment-span-w = { $n ->
    [one] 1 week
   *[other] { $n } weeks
 }

# Rules in words
segment-say-everyone = everyone
segment-say-and = and
segment-say-or = or
segment-say-brackets = ({ $what })
segment-say-none = not ({ $what })
segment-say-segment = in segment “{ $name }”
segment-say-compare = { $field } { $value }
segment-say-in = { $field } is { $value }
segment-say-not-in = { $field } is not { $value }
segment-say-contains = { $field } contains “{ $value }”
segment-say-starts = { $field } starts with “{ $value }”
segment-say-before = { $field } before { $value }
segment-say-since = { $field } on or after { $value }
segment-say-within = { $field } in the last { $value }
segment-say-older = { $field } longer ago than { $value }
segment-say-next = { $field } in the next { $value }
segment-say-yes = { $field }: yes
segment-say-no = { $field }: no
segment-say-known = { $field } is known
segment-say-unknown = { $field } is unknown
segment-say-about = { $what } “{ $text }”
segment-say-about-starts = { $what } starting with “{ $text }”
segment-say-about-contains = { $what } with “{ $text }”
segment-say-amount-time = { $what } for { $least } or more
segment-say-amount = { $what }, amount { $least } or more
segment-say-ever = ever
segment-say-within-span = in the last { $span }
segment-say-between = from { $first } to { $last }
segment-say-did = { $what } { $when }
segment-say-never = never { $what } { $when }
segment-say-least = { $what } at least { $n } times { $when }
segment-say-most = { $what } at most { $n } times { $when }
segment-say-exactly = { $what } exactly { $n } times { $when }
segment-event-page-viewed = viewed a page
segment-event-page-left = stayed on a page
segment-event-file-downloaded = downloaded a file
segment-event-link-followed = followed a link
segment-event-video-progressed = watched a video
segment-event-site-searched = searched the site
segment-event-form-viewed = saw a form
segment-event-form-started = started a form
segment-event-form-submitted = sent a form
segment-event-device-reading = device told a reading
segment-event-device-fault = device told a fault
segment-event-device-recovered = fault of a device was over
segment-event-place-entered = came to a place
segment-event-place-left = left a place
segment-event-product-viewed = looked at a product
segment-event-cart-added = put into the cart
segment-event-checkout-started = started the checkout
segment-event-order-placed = placed an order
segment-event-purchase-made = bought
segment-event-visitor-identified = was recognised
segment-event-mail-accepted = received a mail
segment-event-mail-opened = opened a mail
segment-event-mail-clicked = clicked in a mail
segment-event-mail-failed = a mail failed
segment-event-mail-unsubscribed = unsubscribed

# Mistakes in rules; at is the place in the text, found what stands there
rule-error-quote = Close the quotation mark that opens at character { $at }.
rule-error-number = At character { $at }: “{ $found }” is no number, no day such as 2026-11-20 and no span such as 30d.
rule-error-character = At character { $at }: “{ $found }” means nothing here.
rule-error-join = At character { $at }: “and”, “or” or the end is expected, not “{ $found }”.
rule-error-depth = Use at most three levels of groups.
rule-error-long = Use at most 50 conditions.
rule-error-bracket = At character { $at }: a closing bracket is missing.
rule-error-condition = At character { $at }: a condition is missing, such as score >= 20 or event page.viewed.
rule-error-segment = At character { $at }: write in segment "Name".
rule-error-comparison = At character { $at }: a comparison such as = or >= is missing.
rule-error-whole = At character { $at }: a whole number is missing.
rule-error-event = At character { $at }: the event's name is missing, such as page.viewed.
rule-error-amount = At character { $at }: write amount >= number.
rule-error-subject = At character { $at }: a text in quotation marks is missing, with equals, starts or contains before it.
rule-error-count = Use a count between 1 and 1,000,000; “never” is count = 0.
rule-error-span = At character { $at }: a span is missing, such as 30d, 12h or 90min.
rule-error-between = At character { $at }: write between 2026-01-01 and 2026-01-31.
rule-error-day = At character { $at }: a day is missing, such as 2026-11-20.
rule-error-test = At character { $at }: a test is missing, such as =, in, contains, within or is known.
rule-error-state = At character { $at }: write is known, is unknown, is true or is false.
rule-error-value = At character { $at }: a value is missing: a number, or a text in quotation marks.
rule-error-text = At character { $at }: a text in quotation marks is missing.
rule-error-list = At character { $at }: write a list such as ("A", "B").
rule-error-no-segment = Choose another segment: “{ $what }” does not exist.
rule-error-no-field = Choose another field: “{ $what }” does not exist.
rule-error-no-event = Choose an event.
rule-error-address = You see addresses and numbers masked. A rule of yours can ask for a whole one, not for a part of it.
rule-error-company = Only whoever sees all contacts and companies can ask about companies and about whom a field names: a count would tell of those you do not see.
rule-error-misfit = Choose another test: this one does not fit “{ $what }”.
rule-error-empty = Enter a value for “{ $what }”.
rule-error-backwards = Put the first day before the last for “{ $what }”.
rule-error-id = Enter for “{ $what }” whom you mean: an id, or a name or address that only one has.

# Scores
score-may-view = View scores
score-may-edit = Change scoring rules
score-title = Lead score
score-how = How it works
score-tier-hot = Hot
score-tier-warm = Warm
score-tier-cold = Cold
score-tier-hot-text = Ready for a talk
score-tier-warm-text = Interested, keep in touch
score-tier-cold-text = Quiet for now
score-grade = Grade { $grade }
score-fit = Fit
score-engagement = Engagement
score-no-reasons = No behaviour has been scored yet.
score-reason = { $count ->
    [one] once, { $last }
   *[other] { $count } times, last { $last }
 }
score-scoring = Scoring
score-intro = Engagement is what people do: it fades by half in every half-life. Fit is who they are. Both together make the grade.
score-recomputing = Computing scores anew
score-doing = What they do
score-being = Who they are
score-limits = Half-life and limits
score-what = Event
score-test = Test
score-points = Points
score-cap = Points a day at most
score-bonus = Extra the first time
score-actions = Actions
score-paused = Paused
score-edit = Edit
score-delete = Delete
score-add-rule = Add a rule
score-edit-rule = Edit rule
score-add-fit = Add a fit rule
score-event = Event
score-own-event = Own event name
score-own-event-hint = For events your site sends under its own name; goes before the choice above.
score-subject-test = Only when what it was about
score-subject = Text
score-subject-hint = A path, a file or a link; empty for any.
score-min-amount = Least amount
score-min-amount-hint = In the unit of the event: seconds of reading, per cent of a video, cents of a purchase.
score-points-hint = Negative points take away.
score-active = Counts
score-save-rule = Save rule
score-rule-saved = The rule is saved. Scores are being computed anew.
score-rule-deleted = The rule was deleted. Scores are being computed anew.
score-settings-saved = Saved. Scores are being computed anew if anything changed.
score-field = Field
score-op = Test
score-value = Value
score-value-hint = Separate several with commas; empty for “is known”.
score-half-life = Half-life in days
score-half-life-hint = After so many days of silence half of the engagement is left.
score-hot = Hot from
score-hot-hint = Points of engagement
score-warm = Warm from
score-warm-hint = Points of engagement
score-fit-good = Fits well from
score-fit-good-hint = Points of fit, 0 to 100
score-fit-fair = Fits fairly from
score-fit-fair-hint = Points of fit, 0 to 100
score-grade-hint = A: hot and fair, or warm and good. B: one step less. C: the rest.
score-save-limits = Save limits
score-points-zero = Enter points other than 0.
score-bonus-sign = Use the same sign as the points.
score-warm-below-hot = Choose a number below “Hot from”.
score-fair-below-good = Choose a number below “Fits well from”.

## Erasing a person

erased-score_lines = Reasons of the score
erased-contact_scores = Score and grade
erased-segment_members = Memberships in segments
