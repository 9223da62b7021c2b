# Words of contacts, companies, fields and imports.
nav-customers = Customers
identify-contacts = Contacts
identify-companies = Companies
identify-people = People
identify-name = Name
identify-given-name = Given name
identify-family-name = Family name
identify-email = Email
identify-phone = Phone
identify-company = Company
identify-company-or-email = Company, or email
identify-title = Job title
identify-city = City
identify-country = Country
identify-locale = Language
identify-time-zone = Time zone
identify-source = Source
identify-owner = Owner
identify-stage = Stage
identify-grade = Grade
identify-grade-of = Grade { $grade }
identify-score = Score
identify-last-touch = Last touch
identify-domain = Website
identify-industry = Industry
identify-external-id = ID elsewhere
identify-since = Known since
identify-from-import = Brought by
identify-yes = Yes
identify-no = No
identify-stage-visitor = Visitor
identify-stage-lead = Lead
identify-stage-mql = Marketing-qualified
identify-stage-sql = Sales-qualified
identify-stage-customer = Customer
identify-kind-text = Text
identify-kind-number = Number
identify-kind-money = Money
identify-kind-date = Date
identify-kind-bool = Yes or no
identify-kind-choice = One choice
identify-kind-choices = Several choices
identify-nameless = Contact { $id }

identify-views = Saved views
identify-view-all = All
identify-view-mine = Mine
identify-view-hot = Hot
identify-view-save = Save view
identify-view-name = Name of the view
identify-view-shared = Show it to everybody
identify-view-saved = Saved view { $name }
identify-view-deleted = Deleted the view
identify-layout = Shape of the list
identify-layout-table = Table
identify-layout-board = Board
identify-layout-map = Map
identify-board-by = Columns of the board
identify-board-nobody = Nobody
identify-board-more = Show more
identify-board-move = Move { $name }
identify-board-to = Move to { $name }
identify-board-moved = { $name } is in { $to } now
identify-views-manage = Arrange saved views
identify-views-text = Put them in your order and choose the one the list opens with; both are for you alone.
identify-views-none = No saved views yet
identify-views-none-text = Filter the list or choose its columns, then save the view.
identify-view-who = For
identify-view-everybody = Everybody
identify-view-personal = Only you
identify-view-is-default = The list opens with it
identify-view-open = Open the list with it
identify-view-opens-with = The list opens with
identify-view-opens = The list opens with it from now on
identify-view-arranged = Moved
identify-view-keep = Save changes to { $name }
identify-permission-views = Show saved views to everybody, and change those
identify-view-needs-name = Give the view a name
identify-filter = Filter
identify-filter-stage = Stage: { $value }
identify-filter-owner = Owner: { $value }
identify-filter-grade = Grade: { $value }
identify-filter-company = Company: { $value }
identify-filter-import = From import { $value }
identify-filter-own = Own field
identify-filter-field = { $name }: { $value }
identify-filter-from = from { $value }
identify-filter-to = up to { $value }
identify-filter-least = { $name } from
identify-filter-most = { $name } to
identify-columns = Columns
identify-columns-shown = Shown, in this order
identify-columns-hidden = Not shown
identify-columns-usual = Usual columns
identify-columns-created = Created
identify-columns-show = Show
identify-own-fields = Own fields
identify-no-owner = No owner
identify-search-hint = Name, email, phone, company
identify-search-companies = Company name
identify-count-contacts = { $count } contacts
identify-none-found = Nobody matches
identify-no-company-found = No company matches
identify-none-found-text = Try fewer words or remove a filter.
identify-show-all = Show all
identify-no-contacts = No contacts yet
identify-no-contacts-text = People appear here when they are imported, created or fill in a form.
identify-no-companies = No companies yet
identify-no-companies-text = A company appears as soon as a contact belongs to it.
identify-no-people = Nobody here that you may see.
identify-people-all = Show all people

identify-new-contact = New contact
identify-create-contact = Create contact
identify-contact-created = Created the contact
identify-new-company = New company
identify-create-company = Create company
identify-company-created = Created the company
identify-name-or-address = Enter a name, an email address or a phone number
identify-not-a-phone = Enter a phone number with at least five digits
identify-too-long = Use fewer characters
identify-external-taken = Another record has the same ID elsewhere. Change or remove it there, then try again.

identify-bulk = Actions for the selected contacts
identify-select-all = All { $count } in this view
identify-select-first = Select at least one contact
identify-assign = Assign
identify-assign-to = Assign to…
identify-choose-owner = Choose an owner first
identify-assigned =
    { $count ->
        [one] Assigned one contact
       *[other] Assigned { $count } contacts
    }
identify-delete = Delete
identify-deleted =
    { $count ->
        [one] Deleted one contact
       *[other] Deleted { $count } contacts
    }
identify-restored =
    { $count ->
        [one] Brought back one contact
       *[other] Brought back { $count } contacts
    }
identify-export = Export
identify-export-view = Export view
identify-export-ask = Export { $count } contacts?
identify-export-text = The file holds names, addresses and all fields of these people. The audit log notes the view, the filter and how many they are.
identify-export-masked = Your role exports addresses and numbers masked, at least those of other people’s contacts.
identify-export-too-many = One export takes at most { $most } records. Narrow the view down, or ask an administrator.
identify-setting-export-rows = Contacts in one export
identify-setting-export-rows-hint = The most contacts that one export takes; 0 means that nobody exports.
identify-export-do = Export { $count } contacts

identify-about = About
identify-origin = Where from
identify-custom-fields = More fields
identify-open = Open
identify-sections = Contact sections
identify-related = Related
identify-lead-score = Lead score
identify-fit-of = Fit { $points }
identify-hot = Hot
identify-warming = Warming up
identify-quiet = Quiet
identify-do-email = Email
identify-do-call = Call
identify-edit-field = Edit { $name }
identify-field-saved = Saved { $name }
identify-undone = Undone
identify-note = Note
identify-note-hint = Write a note
identify-note-save = Save note
identify-note-saved = Saved the note
identify-note-deleted = Deleted the note
identify-note-empty = Write something first
identify-note-by = { $name } wrote a note
identify-timeline = Timeline
identify-timeline-filter = Filter the timeline
identify-timeline-all = All
identify-timeline-web = Web
identify-timeline-sales = Sales
identify-timeline-notes = Notes
identify-timeline-empty = Nothing has happened yet
identify-timeline-empty-text = Visits, emails, notes and changes appear here.
identify-older = Older
identify-fresh = { $count } new
identify-by-machine = done by a program

identify-told-page =
    { $count ->
        [one] Read { $subject }
       *[other] Read { $subject } { $count } times
    }
identify-told-page-bare = Visited the site
identify-told-download = Downloaded { $subject }
identify-told-download-bare = Downloaded a file
identify-told-link = Followed the link { $subject }
identify-told-link-bare = Followed a link
identify-told-video = Watched { $subject }
identify-told-video-bare = Watched a video
identify-told-form = Sent the form { $subject }
identify-told-form-bare = Sent a form
identify-told-form-viewed = Saw the form { $subject }
identify-told-form-viewed-bare = Saw a form
identify-told-form-started = Began the form { $subject }
identify-told-form-started-bare = Began a form
identify-told-search = Searched the site for “{ $subject }”
identify-told-search-bare = Searched the site
identify-told-identified = Was recognised: { $subject }
identify-told-identified-bare = Was recognised on the site
identify-told-purchase = Bought: { $subject }
identify-told-purchase-bare = Bought something
identify-told-mail-sent = Was sent { $subject }
identify-told-mail-sent-bare = Was sent an email
identify-told-mail-failed = An email could not be delivered: { $subject }
identify-told-mail-failed-bare = An email could not be delivered
identify-told-mail-opened = Opened { $subject }
identify-told-mail-opened-bare = Opened an email
identify-told-mail-clicked = Clicked { $subject } in an email
identify-told-mail-clicked-bare = Clicked a link in an email
identify-told-unsubscribed = Unsubscribed: { $subject }
identify-told-unsubscribed-bare = Unsubscribed
identify-told-created = Became a contact: { $subject }
identify-told-created-bare = Became a contact
identify-told-updated = { $subject } was changed
identify-told-updated-bare = Some fields were changed
identify-told-deleted = Was deleted: { $subject }
identify-told-deleted-bare = Was deleted
identify-told-restored = Was brought back: { $subject }
identify-told-restored-bare = Was brought back
identify-told-merged = Was merged: { $subject }
identify-told-merged-bare = Was merged
identify-told-owner = Changed hands: { $subject }
identify-told-owner-bare = Changed hands
identify-told-stage = Moved to { $subject }
identify-told-stage-bare = Moved to another stage
identify-told-consent = Gave consent: { $subject }
identify-told-consent-bare = Gave consent
identify-told-consent-asked = Asked for, not confirmed yet: { $subject }
identify-told-consent-asked-bare = Consent asked for, not confirmed yet
identify-told-consent-ticked = Ticked a consent box: { $subject }
identify-told-consent-ticked-bare = Ticked a consent box
identify-told-consent-off = Withdrew consent: { $subject }
identify-told-consent-off-bare = Withdrew consent
identify-told-preference = Changed how to be written to: { $subject }
identify-told-preference-bare = Changed how to be written to
identify-told-score = Score changed: { $subject }
identify-told-score-bare = Score changed
identify-told-grade = Grade is now { $subject }
identify-told-grade-bare = Grade changed
identify-told-segment = Entered segment { $subject }
identify-told-segment-bare = Entered a segment
identify-told-segment-left = Left segment { $subject }
identify-told-segment-left-bare = Left a segment
identify-told-handed-over = Was handed over to sales
identify-told-handed-over-bare = Was handed over to sales
identify-told-accepted = Was accepted by sales: { $subject }
identify-told-accepted-bare = Was accepted by sales
identify-told-rejected = Was passed back: { $subject }
identify-told-rejected-bare = Was passed back
identify-told-task = Task: { $subject }
identify-told-task-bare = A task was made
identify-told-task-done = Task done: { $subject }
identify-told-task-done-bare = A task was done
identify-told-place = Came to { $subject }
identify-told-place-bare = Came to a place
identify-told-place-left = Left { $subject }
identify-told-place-left-bare = Left a place
identify-told-product = Looked at { $subject }
identify-told-product-bare = Looked at a product
identify-told-cart = Put { $subject } into the basket
identify-told-cart-bare = Put something into the basket
identify-told-checkout = Began to check out: { $subject }
identify-told-checkout-bare = Began to check out
identify-told-custom = { $name } { $subject }
identify-told-dwell = { $span } in all

identify-import = Import
identify-imports = Imports
identify-import-file = Import a file
identify-no-imports = No imports yet
identify-no-imports-text = Bring in a CSV file: columns are guessed, you see a preview, and every import can be undone.
identify-import-intro = A table of people, of companies or of what people did, one per row, with the names of the columns in the first row.
identify-import-choose = Choose a CSV file
identify-import-formats = CSV, TSV, text or Excel (.xlsx, its first sheet); also packed with gzip. Commas, semicolons, tabs and bars; UTF-8, UTF-16 and GBK are recognised.
identify-import-next = Read the file
identify-import-no-file = Choose a file first
identify-import-not-a-table = This file is not a table. Save it as CSV and try again.
identify-import-unreadable = The file cannot be imported: { $reason }
identify-import-stopped = The import was stopped.
identify-import-started = This import has begun already.
identify-import-over = This import is over already.
identify-import-cancelled = Cancelled the import
identify-import-cancelling = The import ends after the rows it is reading
identify-import-not-over = This import is not over yet, or was undone already.
identify-import-map = Match the columns
identify-import-map-wrong = The mapping does not fit the file. Choose again.
identify-import-read = { $rows } rows, { $columns } columns, { $encoding }
identify-column = Column
identify-samples = Examples
identify-becomes = Becomes
identify-becomes-of = What { $column } becomes
identify-guessed = recognised
identify-map-skip = Leave out
identify-map-name = Name
identify-map-given_name = Given name
identify-map-family_name = Family name
identify-map-email = Email
identify-map-phone = Phone
identify-map-company = Company
identify-map-title = Job title
identify-map-city = City
identify-map-street = Street
identify-map-postal_code = Postal code
identify-map-region = Region
identify-map-latitude = Latitude
identify-map-longitude = Longitude
identify-map-coordinates = Coordinates (both in one)
identify-map-country = Country
identify-map-stage = Stage
identify-map-owner = Owner (name)
identify-map-locale = Language
identify-map-time_zone = Time zone
identify-map-source = Source
identify-map-external_id = ID elsewhere
identify-map-field = Own field: { $kind }
identify-map-known = { $name } ({ $kind })
identify-import-key = Recognise people by
identify-import-key-auto = Email, else phone
identify-import-orders = Each order is a purchase
identify-import-orders-hint = This looks like a file of orders: { $columns }. The customer is known by { $customer }; lines without one are skipped, and what was returned is told as returned. Untick it if every line is a person.
identify-export-format = As
identify-export-csv = CSV, for any program
identify-export-xlsx = Excel workbook
identify-export-json = JSON with everything
identify-export-too-long = An Excel sheet holds 1,048,575 records. Narrow the view down, or take CSV.
identify-export-no-filter = The list has no filter “{ $filter }”.
identify-export-no-view = There is no saved view called { $name }.
identify-export-no-column = There is no column { $column }. The columns are: { $columns }.
identify-import-as-in = The columns are mapped as in { $file }, which has the same ones.
identify-import-key-hint = Rows with the same value are the same person, in this file and the next.
identify-import-empty = Values that mean “nothing”
identify-import-empty-hint = One per line, such as { $words }. They are not stored.
identify-import-add-options = Add options the file names that a field does not have yet
identify-import-check = Check
identify-import-back = Back to the columns
identify-import-dry = What this import would do
identify-import-dry-text = Nothing has been stored yet.
identify-import-do = Import { $count } rows
identify-import-begun = The import has begun
identify-import-rejects =
    { $count ->
        [one] One row was not taken
       *[other] { $count } rows were not taken
    }
identify-import-errors = Download as CSV
identify-import-broke = The import stopped
identify-import-undo = Undo import
identify-import-undo-ask = Undo the import of { $count } people?
identify-import-undo-text = People it created are removed with everything that happened to them since; changed people get their old values back.
identify-import-undo-ask-events = Undo the import of { $count } events?
identify-import-undo-text-events = The events it brought are removed, with the people it created for them; scores and segments follow.
identify-import-events = Events: what people did
identify-import-events-text = Each row is something a person did. One column says when, one says who, and one says what happened unless all rows say the same. Times without a zone are UTC; a time more than a day ahead is refused.
identify-import-says = Says
identify-import-says-of = What { $column } says
identify-import-event = What happened, if no column says it
identify-import-event-hint = Called like noun.happened, such as purchase.made or webinar.attended.
identify-import-currency = Currency, if no column says it
identify-import-currency-hint = A code such as USD. Without one, purchases are in { $currency } and any other amount is a number.
identify-import-create-missing = Create people nobody knows yet; otherwise their rows are refused
identify-import-role-at = When
identify-import-role-event = What happened
identify-import-role-id = Who: ID elsewhere
identify-import-role-email = Who: email
identify-import-role-phone = Who: phone
identify-import-role-subject = What it was about
identify-import-role-amount = How much
identify-import-role-currency = Currency
identify-import-role-prop = Further fact
identify-import-logged = Events logged
identify-import-made = People created
identify-import-no-time = Choose the column that says when
identify-import-no-person = Choose the column that says who
identify-import-no-event = Say what happened, or choose the column that says it
identify-import-event-wrong = An event is called like noun.happened, and not like those Attune writes itself
identify-import-twice = Another column says this already
identify-import-undoing = The import is being undone
identify-import-state-draft = Draft
identify-import-state-waiting = Waiting
identify-import-state-running = Reading
identify-import-state-done = Done
identify-import-state-failed = Stopped
identify-import-state-cancelled = Cancelled
identify-import-state-undoing = Being undone
identify-import-state-undone = Undone
identify-first-rows =
    { $count ->
        [one] The first row
       *[other] The first { $count } rows
    }
identify-file = File
identify-state = State
identify-when = When
identify-rows = Rows
identify-created = Created
identify-updated = Updated
identify-skipped = Unchanged
identify-rejected = Not taken
identify-refresh = Refresh
identify-line = Line
identify-line-of = Line { $line }
identify-cause = Cause
identify-cause-order = Another line of this order cannot be read, so the order was not taken
identify-cause-unreadable = The line cannot be read ({ $detail })
identify-cause-columns = The number of columns is wrong ({ $detail })
identify-cause-email = This is not an email address ({ $detail })
identify-cause-number = This is not a number ({ $detail })
identify-cause-date = This is not a date ({ $detail })
identify-cause-bool = This is neither yes nor no ({ $detail })
identify-cause-money = This is not an amount in the field’s currency ({ $detail })
identify-cause-option = The field has no such option ({ $detail })
identify-cause-stage = There is no such stage ({ $detail })
identify-cause-locale = This language is not known ({ $detail })
identify-cause-owner = Nobody here has this name ({ $detail })
identify-cause-too-long = The value is too long ({ $detail })
identify-cause-nobody = Nobody is known by this key ({ $detail })
identify-cause-event-name = An event is called like noun.happened, and not like those Attune writes itself ({ $detail })
identify-cause-currency = This is not a currency ({ $detail })
identify-cause-coordinates = Latitude and longitude do not make a place: give both, from -90 to 90 and from -180 to 180 ({ $detail })

identify-permission-view = See contacts
identify-permission-create = Create contacts
identify-permission-edit = Edit contacts
identify-permission-delete = Delete contacts
identify-permission-export = Export contacts
identify-permission-import = Import files
identify-permission-addresses = See e-mail addresses and phone numbers in full
identify-permission-reveal = Show a masked address on request
identify-permission-export-addresses = Export addresses and numbers in full
identify-reveal = Show { $name }
identify-reveal-title = { $what } of { $name }
identify-reveal-left = { $count ->
    [one] The audit log holds that you have seen it. You can show one more today.
   *[other] The audit log holds that you have seen it. You can show { $count } more today.
}
identify-reveal-back = Back to the contact
identify-reveal-enough = You have shown as many addresses in the last 24 hours as an administrator allows. Try again tomorrow, or ask for the right to see them.
identify-masked-type-whole = Type the whole value. What is masked stays as it is unless you replace it.
identify-setting-reveals = Addresses shown on request
identify-setting-reveals-hint = How many masked addresses and numbers a person may have shown in 24 hours; 0 means none.


### Tracking, visitors, stitching, consent and replay
event-permission-view = See events
event-permission-send = Send events with an API key
identify-setting-sites = Tracked sites
identify-setting-sites-hint = Hosts that may send events, and ids of apps (com.example.shop), separated by commas. Subdomains are included. Empty: every site and app.
identify-setting-own-networks = Own networks
identify-setting-own-networks-hint = Visits from these networks (such as 192.0.2.0/24 or 2001:db8::/32) are your own: kept apart under Visitors, Internal, and never scored.
identify-setting-machine-networks = Data centre networks
identify-setting-machine-networks-hint = Visits from these networks are counted as machines.
identify-setting-hosting-is-machine = Count hosting networks as machines
identify-setting-hosting-is-machine-hint = Holds where files of networks are configured. Switch it off if many of your visitors use a VPN.
identify-setting-consent-required = Record only visitors who agreed
identify-setting-consent-required-hint = Events without the visitor's consent are dropped.

visitor-nav = Visitors
visitor-title = Visitors
visitor-permission-view = See visitors and visits
visitor-tabs = Visitors
visitor-now = On the site now
visitor-people = People
visitor-machines = Machines
visitor-internal = Internal
visitor-internal-count =
    { $count ->
        [0] No visit of your own
        [one] One visit of your own
       *[other] { $count } visits of your own
    } in the last 30 days. They come from your own networks, or from browsers in which somebody is signed in here. They earn no points and enter no segment.
visitor-internal-settings = Own networks
visitor-company = Company
visitor-facet-organisation = Organisation of the last visit
visitor-facet-country = Country of the last visit
visitor-facet-city = City of the last visit
visitor-from = From
visitor-to = To
visitor-filter = Show
visitor-all-dates = Clear
visitor-none = No visits in these days
visitor-none-text = Choose other days, or replay an access log of your site.
visitor-span = Recorded from { $from } to { $to }
visitor-refresh = Refresh
visitor-live =
    { $count ->
        [one] { $count } person now
       *[other] { $count } people now
    }
visitor-live-hint = Active within the last 5 minutes. Updates by itself.
visitor-live-none = Nobody is on the site now
visitor-live-none-text = Visitors appear here within a second, once the snippet below is in your pages.
visitor-snippet = Put your site on this page
visitor-snippet-text = Paste this line before the closing head tag of every page. It respects Do Not Track and weighs less than 5 kB.
visitor-panel = Visits
visitor-panel-none = No visits yet. They appear once this person follows a link in a mail or fills in a form.

visit-of = Visit of { $who }
visit-anonymous = Visitor { $code }
visit-known = A known contact
visit-who = Who
visit-started = Began
visit-last = Last active
visit-source = Came from
visit-landing = First page
visit-page-now = Page
visit-pages = Pages
visit-page-count =
    { $count ->
        [one] { $count } page
       *[other] { $count } pages
    }
visit-dwell = Reading time
visit-events = Events
visit-device = Device
visit-reason = Why a machine
visit-facts = About this visit
visit-campaign = Campaign
visit-referrer = Referring site
visit-site = Site
visit-course = What happened
visit-open-contact = Open the contact
visit-is-machine = Machine
visit-is-internal = Internal
visit-works-at = Probably works at { $company }
visit-organisation = Organisation
visit-place = Place
visit-own = Why internal
visit-stayed = Time on site
visit-stayed-for = stayed for { $time }
visit-read-for = read for { $time }
visit-watched = up to { $percent } %
visit-device-desktop = Computer
visit-device-phone = Phone
visit-device-tablet = Tablet
visit-device-other = Other device
visit-medium-direct = Direct
visit-medium-search = Search
visit-medium-social = Social network
visit-medium-mail = Mail
visit-medium-referral = Other site
visit-medium-paid = Advertisement
visit-medium-campaign = Campaign
visit-machine-known-bot = Names itself as a crawler
visit-machine-library = Names itself as a program
visit-machine-no-agent = Names no browser
visit-machine-headless = Browser without a window
visit-machine-automated = Browser driven by a program
visit-machine-no-language = Accepts no language, as browsers always do
visit-machine-data-centre = Comes from a data centre
visit-machine-read-robots = Read the rules for crawlers
visit-machine-hosting-network = Comes from a hosting network
visit-machine-own-network = Your own network
visit-machine-staff = Browser of a colleague

event-page-viewed = Page viewed
event-page-left = Page left
event-file-downloaded = File downloaded
event-link-followed = Link followed
event-video-progressed = Video watched
event-site-searched = Searched the site
event-form-viewed = Form seen
event-form-started = Form started
event-form-submitted = Form sent
event-product-viewed = Product viewed
event-cart-added = Put into the cart
event-checkout-started = Checkout started
event-order-placed = Order placed
event-visitor-identified = Recognised as a contact
event-place-entered = Came to a place
event-place-left = Left a place
event-push-registered = Can be reached by push

consent-title = Consent
consent-of = Consent of { $name }
consent-permission-view = See consent
consent-permission-record = Record consent
consent-none = Nothing recorded yet. Marketing needs consent first.
consent-imported-counts = Counts as given
consent-imported-counts-text = Imported people count as having agreed until they say no.
consent-imported-waits = Not given
consent-imported-waits-text = Imported people get no marketing mail before they agree.
consent-imported-setting = Change the setting
consent-facet-email = Allows marketing by email
consent-note-down = Record consent
consent-channel = Channel
consent-channel-email = Email
consent-channel-phone = Phone
consent-channel-sms = Text message
consent-channel-post = Post
consent-channel-web = Website
consent-purpose = Purpose
consent-purpose-marketing = Marketing
consent-purpose-service = Service
consent-purpose-profiling = Profiling
consent-state = Answer
consent-given = Given
consent-withdrawn = Withdrawn
consent-pending = Waits for confirmation
consent-wording = Wording
consent-wording-hint = The words the person agreed to, as they were said or shown.
consent-proof = Proof
consent-proof-hint = A message id, a file or the place of the signed paper.
consent-save = Record consent
consent-recorded = Consent recorded
consent-ledger = History
consent-ledger-text = Lines are only ever added. The newest one of each channel and purpose holds.
consent-when = When
consent-source-site-form = Form { $form } on { $page }
consent-source-site-form-bare = Form on { $page }
consent-source-staff = Noted by staff
consent-source-form = Form
consent-source-import = Import
consent-source-unsubscribe-link = Unsubscribe link
consent-source-preference-page = Preference page
consent-source-api = API
consent-source = Heard how
consent-source-hint = How the person said it to you
consent-source-phone = By phone
consent-source-in-person = In person
consent-source-paper = On paper
consent-source-message = In a message
consent-source-double-opt-in = Confirmation link
consent-topic = Topic: { $name }

replay-open = Replay a log
replay-title = Replay an access log
replay-permission = Replay access logs
replay-intro = Page views of the past become visits at their true dates. Machines are kept apart, and the same file adds nothing the second time.
replay-file = Access log
replay-file-hint = Combined format of Apache or nginx, plain or .gz, up to 1 GB.
replay-start = Replay log
replay-recent = Earlier replays
replay-state-ready = Waiting
replay-state-running = Running
replay-state-done = Finished
replay-state-failed = Failed
replay-state-cancelled = Stopped
replay-line-count =
    { $count ->
        [one] { $count } line
       *[other] { $count } lines
    }
replay-read-so-far =
    { $count ->
        [one] { $count } line read so far
       *[other] { $count } lines read so far
    }
replay-stop = Stop
replay-stopping = The replay stops after the current lines. What was replayed stays.
replay-lines = Lines
replay-events = Events added
replay-sessions = Visits
replay-machine = By machines
replay-malformed = Malformed lines
replay-repeated =
    { $count ->
        [one] { $count } event was in the log already.
       *[other] { $count } events were in the log already.
    }
replay-show-people = Show visits of people
replay-show-machines = Show machines
replay-line = Line
replay-cause = Cause
replay-cause-too-long = Longer than 64 KiB
replay-cause-no-client = Address, identity and user are missing
replay-cause-no-time = The time in square brackets is missing
replay-cause-bad-time = The time cannot be read
replay-cause-no-request = The request between quotation marks is missing or not closed
replay-cause-bad-request = The request is not method, address and protocol
replay-cause-bad-status = The status is not a number from 100 to 599
replay-cause-bad-size = The size is neither a number nor -
replay-cause-open-quote = Referrer or user agent lacks its closing mark

## Duplicates and merging

duplicate-title = Duplicates
duplicate-tabs = Pairs
duplicate-found = Likely the same
duplicate-told-apart = Told apart
duplicate-search = Look for duplicates
duplicate-search-again = Look again
duplicate-searching = Comparing everybody
duplicate-stopping = The search stops; the pairs found before stay.
duplicate-failed = The search failed: { $why }
duplicate-cancelled = The search was stopped
duplicate-result = { $records ->
    [one] One contact compared
   *[other] { $records } contacts compared
  }, { $pairs ->
    [0] no likely pair
    [one] one likely pair
   *[other] { $pairs } likely pairs
  }
duplicate-left-out = { $count } less likely ones were left out.
duplicate-only-all = The search compares everybody: whoever may see all contacts can start it.
duplicate-never = Nobody has looked yet
duplicate-never-text = The search learns from your contacts which details are rare and which are often mistyped, and shows the pairs that are likely one person. It merges nothing.
duplicate-none = No likely duplicates
duplicate-none-text = Everybody here seems to be somebody else.
duplicate-none-apart = Nobody was told apart
duplicate-none-apart-text = Pairs that you mark as two different people are kept here, and no search brings them back.
duplicate-pair = Pair
duplicate-likeness = Likeness
duplicate-reasons = Why
duplicate-decide = Decide
duplicate-apart = Not the same
duplicate-family = Two people of one household
duplicate-family-done = Told apart, and family on both records
duplicate-apart-done = Told apart. No search will bring this pair back.
duplicate-together = Take back
duplicate-together-done = The pair is among the likely ones again.
duplicate-reason = { $name }: { $level }
duplicate-level-same = the same
duplicate-level-close = nearly the same
duplicate-level-part = one contains the other
duplicate-level-elsewhere = found in another field
duplicate-level-similar = alike
duplicate-level-different = different
duplicate-warning = Is one of these meant?
duplicate-create-anyway = Create all the same
duplicate-contacts = Duplicate contacts
duplicate-companies = Duplicate companies
duplicate-company-found = Likely the same company
duplicate-company-searching = Comparing all companies
duplicate-company-result = { $records ->
    [one] One company compared
   *[other] { $records } companies compared
  }, { $pairs ->
    [0] no likely pair
    [one] one likely pair
   *[other] { $pairs } likely pairs
  }
duplicate-company-only-all = The search compares all companies: whoever may see all of them can start it.
duplicate-company-never-text = The search compares names without their legal form, domains, numbers and addresses. It learns from your companies which of these are rare, and shows the pairs that are likely one company. It merges nothing.
duplicate-company-none-text = Every company here seems to be another one.
duplicate-company-none-apart = No companies were told apart
duplicate-company-none-apart-text = Pairs that you mark as two different companies are kept here, and no search brings them back.
duplicate-company-apart = Not the same company
duplicate-company-warning = Is one of these companies meant?
merge-title = Merge contacts
merge-heading = Merge into { $name }
merge-text = Two records of one person become one. Choose what stays where they differ; the other record is kept behind it and can be split off at any time.
merge-evidence = Why they are likely the same
merge-likeness = { $share } alike
merge-attribute = Detail
merge-stays = Stays
merge-joins = Joins it
merge-record = Record
merge-since = since { $date }
merge-events = { $count ->
    [one] one event
   *[other] { $count } events
  }
merge-nothing = nothing
merge-both = both
merge-closed = Stays: the other one is only for a colleague to take over who sees both
merge-follows = Timeline, visits, mails, tasks, hand-overs, notes and consents of both will be { $name }'s. Where one said no to a channel, no holds.
merge-do = Merge
merge-swap = Keep { $name } instead
merge-done = Merged into one contact.
merge-split = Split
merge-split-done = Split: both are there again, each with its own.
merge-panel = Same person
merge-panel-none = No likely duplicate, nobody merged.
merge-compare = Compare
merge-was = { $name } became part of this contact
merge-choose-two = Choose exactly two contacts to merge.
merge-take-address = An address is taken over as a whole, so that no street stands in another city. Send "address" instead of street, postal_code, city, region, country, coordinates, latitude or longitude.
merge-take-unknown = This names something that contacts do not have. Send any of name, email, phone, company, title, address, city, country, stage, owner_id, locale, time_zone, source, external_id, or f: with the key of an own field.
merge-take-unknown-of-companies = This names something that companies do not have. Send any of name, domain, industry, phone, address, city, country, parent, owner_id, external_id, or f: with the key of an own field.
merge-permission = Merge and split contacts and companies
consent-source-merge = merge: the stricter word holds
identify-told-returned = Gave back: { $subject }
identify-told-returned-bare = Gave something back
identify-told-split = Split off again: { $subject }
identify-told-split-bare = A merged contact was split off again
identify-told-into-another = it was part of another contact
identify-told-from-another = it was split off again

## Custom fields

field-title = Fields
field-text = What you keep about contacts and companies beyond what everybody has. A new field is there at once on their pages, in lists, filters, imports and exports; a contact’s also in segments and templates.
field-none = No fields of your own yet
field-none-text = Make one below, or import a file: columns Attune does not know become fields.
field-label = Name
field-subject = Of
field-kind = Kind
field-people = With a value
field-change = Change
field-rename = Rename
field-new = A new field
field-create = Create field
field-created = { $name } is there. It can be given values now.
field-renamed = The field is called { $name } now.
field-taken = There is a field of this name already.
field-needs-name = A field needs a name.
field-delete = Delete
field-delete-ask = Delete { $name }?
field-delete-text = { $known ->
    [0] No record has a value in it.
    [one] The value of one record is lost for good.
   *[other] The values of { $count } records are lost for good.
  } Segments that ask for it keep their members and stop following.
field-deleted = { $name } is gone; its values are being removed.
field-permission = Make, rename and delete fields
field-currency = Currency
field-currency-hint = For money: three letters such as EUR. Amounts of one field share it, so that they can be compared.
field-not-a-currency = Type the currency as three letters, such as EUR
field-not-money = Type an amount such as 1,200.50, in the field’s currency
field-options = Options
field-options-hint = For choices: one per line. They can be changed later.
field-options-of = Options of { $name }
field-options-text = Values stay with an option whatever you call it or wherever you move it.
field-options-none = No options yet
field-options-none-text = Add the first one below. Nothing can be chosen before.
field-options-count = { $count ->
    [0] Options
    [one] { $count } option
   *[other] { $count } options
 }
field-options-full = A field has at most 300 options.
field-option = Option
field-option-new = A new option
field-option-create = Add option
field-option-created = { $name } can be chosen now
field-option-saved = Saved
field-option-needs-name = Give the option a name
field-option-taken = There is an option of this name already
field-option-sign = Leave out ; and |, which part options in files
field-no-such-option = Choose one of the field’s options
field-option-going = being removed
field-option-up = Move { $name } up
field-option-down = Move { $name } down
field-option-deleted = { $name } is gone; it is being taken from those who have it.
field-option-delete-text = { $known ->
    [0] Nobody has it.
    [one] One record has it and loses it. This cannot be undone.
   *[other] { $count } records have it and lose it. This cannot be undone.
 }

## QR codes

place-title = Places
place-text = Beacons, tags and fences tell your app when somebody comes to a shop, a stand or a machine, and leaves.
place-new = New place
place-edit = Edit
place-delete = Delete
place-none = No places yet
place-none-text = Add the first beacon, tag or fence. Your app tells who comes there.
place-name = Name
place-name-hint = As segments and timelines tell it, such as Shop in Hamburg.
place-kind = Recognised by
place-kind-ibeacon = iBeacon
place-kind-nfc = NFC tag
place-kind-geofence = Geofence
place-mark = Beacon, tag or fence
place-mark-hint = iBeacon: UUID/major/minor. NFC tag: its id, such as 04:A2:2B:91. Geofence: the name your app gives it.
place-no-ibeacon = Write UUID/major/minor, such as f7826da6-4fa2-4e98-8024-bc5b71e0893e/1/7
place-no-nfc = Write the tag’s id in hexadecimal digits, such as 04:A2:2B:91
place-no-geofence = Write a name of at most 100 characters
place-taken = { $name } has this one already
place-recognised = How it is recognised
place-entered = Came
place-left = Left
place-stay = Average stay
place-last = Last time
place-app = What the app sends
place-app-text = As an event of its batch; when somebody leaves, place.left with dwell_ms in props.
place-kept = The place is kept. The app’s events count from now on.
place-deleted = The place is off the list. What happened there stays in timelines.
place-restored = The place is back.
place-permission-view = See places
place-permission-edit = Make and change places
code-title = QR codes
code-text = A code on paper leads people to a page. Each print has a name of its own, so that visits say which one they came from.
code-new = New QR code
code-edit = Edit
code-delete = Delete
code-none = No QR codes yet
code-none-text = Make one for a leaflet, a shop window or a machine; print it, and see what it brings.
code-name = Name
code-name-hint = The campaign its visits are told as.
code-leads = Leads to
code-leads-to = Leads to { $target }. Visits from it carry utm_source=qr, the name and the print.
code-leads-own = Leads to a small page of its own, which carries the tracker.
code-own-page = a page of its own
code-target = Address it leads to
code-target-hint = It can be changed later; what is printed stays the same. Without one, people see the small page below.
code-not-an-address = Write the whole address, beginning with https://
code-page-title = Title of the small page
code-page-hint = Shown when the code leads nowhere else.
code-page-body = Text of the small page
code-prints = Prints
code-scans = Scans
code-machines = By machines
code-last = Last scan
code-label = Print
code-label-hint = Where it hangs or lies, such as Stand 7 or Leaflet May.
code-picture = Picture
code-picture-of = QR code of { $name }
code-sheet = Sheet of all prints (PDF)
code-no-prints = No prints yet
code-no-prints-text = Give the first one a name below.
code-new-print = Another print
code-add-print = Add print
code-created = The code is ready to be printed.
code-saved = Saved. Prints that hang already lead there now.
code-deleted = The code is off the list. Prints that hang go on leading where they led.
code-restored = The code is back.
code-print-added = { $name } can be printed.
code-too-long = The address of this installation is too long for a QR code. Shorten its public address.
code-permission-view = See QR codes
code-permission-edit = Make and change QR codes

## Erasing a person

erasure-permission = Erase people for good
erasure-button = Erase for good
erasure-title = Erase for good
erasure-ask = Erase { $name } for good?
erasure-text = Everything about this person goes now. Nobody can bring it back: deleting would keep it for 30 days, erasing keeps nothing.
erasure-merged = { $count ->
    [one] One record that was merged into this one goes too.
   *[other] { $count } records that were merged into this one go too.
  }
erasure-goes = What goes
erasure-what = What
erasure-rows = Rows
erasure-kept = the row stays, without the person
erasure-goes-too = Lines of the audit log stay, but what they said of this person is emptied. Afterwards the store is written anew, so that no deleted byte is left in its file.
erasure-stays = What is out of reach
erasure-stays-address = If there was an e-mail address, a fingerprint of it stays, from which nobody can read the address: so that no later import brings mail to somebody who asked to be forgotten.
erasure-stays-backups = Backups made before this moment still hold the person. Let them expire, or erase again after restoring one.
erasure-stays-files = { $count ->
    [one] One uploaded file waits for its import, and may name the person. It goes when the import is over.
   *[other] { $count } uploaded files wait for their import, and may name the person. They go when the imports are over.
  }
erasure-stays-texts = The company stays, and texts about others that mention the person (notes, tasks, saved views) are not searched.
erasure-stays-mails = Mail that has been delivered lies with its recipients and relays, and what a web server in front of Attune has logged lies there.
erasure-do = Erase for good
erasure-done = Erased. This is the receipt.
erasure-list = Erasures
erasure-all = All receipts
erasure-list-text = One receipt for everybody who was erased, without a name.
erasure-none = Nobody has been erased
erasure-none-text = The page of a contact has the button, for whoever may.
erasure-number = Receipt
erasure-receipt = Receipt { $id }
erasure-receipt-text = A person was erased. This receipt names nobody; print it or send its number to whoever asked.
erasure-when = When
erasure-by = By
erasure-record = Former record
erasure-with-merged = { $count ->
    [one] with one merged into it
   *[other] with { $count } merged into it
  }
erasure-forgotten = Bytes gone from the store
erasure-not-yet = not yet: the store is being written anew
erased-contacts = Records of the person
erased-contact_search = Search words
erased-postal_addresses = Postal address
erased-field_texts = Own fields with text
erased-field_numbers = Own fields with numbers, money and dates
erased-field_choices = Own fields with choices
erased-import_changes = What imports changed
erased-notes = Notes
erased-visitors = Browsers
erased-visits = Visits
erased-identifiers = Marks by which browsers were recognised
erased-stitches = Browsers joined with the person
erased-consents = Consents
erased-preferences = Preferences
erased-merges = Merges
erased-merge_rows = What merges moved
erased-duplicate_pairs = Likely duplicates
erased-events = Timeline
erased-audit_log = Audit log
erased-mailbox_mails = Mails in the built-in mailbox
erased-import_errors = Refused lines of imports
erased-timers = Timers

dialogue-title = Questions
dialogue-permission = Decide which questions people are asked
dialogue-text = Learn about people drop by drop: each touch asks one or two questions, the uppermost first, and never one already answered.
dialogue-none = No questions yet
dialogue-none-text = Write what you would like to know of everybody. Colleagues see the next question on a contact, mails and forms ask by themselves.
dialogue-new = New question
dialogue-edit = Edit question
dialogue-question = Question
dialogue-learns = Learns
dialogue-learns-hint = The answer is kept in this field of the contact
dialogue-text-en = Question in English
dialogue-text-hint = One language is enough; it then stands for both
dialogue-text-zh = Question in Chinese
dialogue-touches = Asked in
dialogue-touch-form = Forms
dialogue-touch-mail = Mails
dialogue-touch-chat = Chats
dialogue-touch-call = Calls
dialogue-no-touch = Choose at least one
dialogue-rest = Days before it is asked again
dialogue-rest-hint = Counted from the last time without an answer
dialogue-most = Times it is asked at most
dialogue-most-hint = Then the person is left alone with it for a year, as is whoever would rather not say
dialogue-stale = Days until the answer grows stale
dialogue-stale-hint = After that it is asked again. Empty: never
dialogue-taken = Another question already learns this
dialogue-saved = Saved the question
dialogue-raise = Move up
dialogue-raised = Moved up
dialogue-delete = Delete
dialogue-deleted = Deleted the question
dialogue-change = Order and delete
dialogue-asked = Asked
dialogue-answered = Answered
dialogue-declined = Would rather not say
dialogue-panel = Ask next
dialogue-panel-none = Nothing to ask now.
dialogue-learns-that = Learns: { $name }
dialogue-known-since = { $name }, last known on { $date }. Still right?
dialogue-link = A link for the person
dialogue-link-text = It leads to a page with the same questions, to paste into a mail or a chat. It works for 180 days, shows nothing that is known, and what is known cannot be changed by it.
dialogue-more = More
dialogue-rather-not = Would rather not say
dialogue-answer-noted = Noted the answer
dialogue-declined-noted = Noted. This will not be asked again for a year
dialogue-setting-rest = Hours between two questions to the same person
dialogue-setting-rest-hint = Whoever was just asked something is asked nothing more for this long, whatever the channel. 0: no rest.
dialogue-public-title = A short question
dialogue-public-text = Answer what you like. It helps us write to you only about what concerns you.
dialogue-public-send = Send
dialogue-public-done = Thank you.
dialogue-public-none = There is nothing to answer right now. Thank you for looking in.

fact-title = Where it came from
fact-of = What is known of { $name }
fact-link = Where it came from
fact-text = Each value with its source and date. A value older than its question allows is stale and is asked again.
fact-none = Nothing is known yet
fact-none-text = Values appear here with their source as soon as there are some.
fact-value = Value
fact-source = Source
fact-since = Known since
fact-confirm = Still right
fact-confirmed = Noted that it still holds
fact-stale = Stale
fact-source-staff = Typed by { $detail }
fact-source-program = Sent by the program { $detail }
fact-source-answer = Answered by the person: { $detail }
fact-source-confirmed = Confirmed by { $detail }
fact-source-import = Import of { $detail }
fact-source-merge = From the record of { $detail }
fact-source-origin = Came with the contact: { $detail }
fact-source-origin-plain = Came with the contact

identify-told-asked = Was asked: { $subject }
identify-told-answered = Answered: { $subject }
identify-told-declined = Would rather not say: { $subject }

erased-contact_facts = Where values came from
erased-question_asks = Questions asked
### Topics and preferences

topic-title = Topics
topic-text = What your mail is about. People choose per topic on their preference page; campaigns and push funnels can be of one topic.
topic-none = No topics yet
topic-none-text = Add one below. Until then people choose only whether they get mail at all.
topic-name = Name
topic-name-en = Name in English
topic-name-zh = Name in Chinese
topic-purpose = What it is for
topic-purpose-en = What it is for, in English
topic-purpose-zh = What it is for, in Chinese
topic-purpose-hint = One sentence to the reader. It stands on the preference page and is kept as the words agreed to.
topic-change = Change
topic-new = A new topic
topic-edit = Change the topic
topic-save = Save topic
topic-back = New topic instead
topic-saved = { $name } is saved
topic-up = { $name }: one place up
topic-down = { $name }: one place down
topic-moved = The order is saved
topic-delete = Remove
topic-delete-ask = Remove { $name }?
topic-delete-text = Nobody is asked about it any more. What people said about it stays in the ledger.
topic-deleted = The topic is removed
topic-restored = The topic is back
topic-permission = Edit topics
preference-title = Preferences
preference-chosen = Chosen
preference-frequency-every = Every mail
preference-frequency-weekly = At most one a week
preference-frequency-monthly = At most one a month
preference-paused = Paused until { $date }
preference-quiet = Quiet { $from }–{ $to } { $zone }
preference-language = Language: { $name }
erased-relationships = Relationships

relationship-title = Relationships
relationship-one = Relationship
relationship-of = Relationships of { $name }
relationship-none = No relationships yet.
relationship-new = New relationship
relationship-new-of = New relationship of { $name }
relationship-reading = { $name } is or did
relationship-whom = With whom
relationship-whom-hint = The name of a person or a company
relationship-found = Found
relationship-find = Find
relationship-nobody = Nobody of this name is found
relationship-choose = Choose one of those found
relationship-add = Add relationship
relationship-added = Added the relationship
relationship-saved = Saved the relationship
relationship-delete = Remove
relationship-deleted = Removed the relationship
relationship-edit-with = Edit the relationship with { $name }
relationship-sentence = { $name } · { $kind } · { $other }
relationship-since = Since
relationship-until = Until
relationship-until-hint = The day it ended; leave it empty while it lasts
relationship-since-day = since { $day }
relationship-until-day = until { $day }
relationship-not-a-day = Enter a day
relationship-until-future = Enter a day that has passed; leave it empty while it lasts
relationship-until-before = The end lies before the beginning
relationship-not-between = This is not possible between these two
relationship-with-itself = Choose somebody else
relationship-known = The two already stand in this relationship
relationship-attitude = Attitude
relationship-attitude-hint = For roles in a buying group only
relationship-attitude-for = Supports us
relationship-attitude-neutral = Neutral
relationship-attitude-against = Against us
relationship-attitude-unknown = Attitude unknown
relationship-referred = Referred
relationship-referred-back = Was referred by
relationship-colleague = Colleague of
relationship-family = Family of
relationship-reports_to = Reports to
relationship-reports_to-back = Manages
relationship-agent = Agent of
relationship-agent-back = Is represented by
relationship-distributor = Distributor of
relationship-distributor-back = Sells through
relationship-supplier = Supplies
relationship-supplier-back = Is supplied by
relationship-former = Used to work at
relationship-former-back = Used to employ
relationship-partner = Partner of
relationship-economic_buyer = Economic buyer
relationship-economic_buyer-back = Has as economic buyer
relationship-technical = Technical buyer
relationship-technical-back = Has as technical buyer
relationship-user = User
relationship-user-back = Has as user
relationship-champion = Champion
relationship-champion-back = Has as champion
relationship-blocker = Blocker
relationship-blocker-back = Has as blocker
relationship-group = Buying group
relationship-group-of = Buying group of { $name }
relationship-group-add = Add person
relationship-group-map = Map of the buying group
relationship-group-summary = { $count ->
    [one] One person of the buying group of { $name }, and who reports to whom
   *[other] { $count } people of the buying group of { $name }, and who reports to whom
}
relationship-group-known = { $count } of at least { $enough } people known
relationship-group-missing = still missing: { $roles }
relationship-group-whole = Every role is known
relationship-group-none-text = Who decides, tests, uses and speaks for us appears here as a map.
relationship-group-legend = Colour is the grade; a thick edge supports us, a thick dashed one is against us, a dotted one is not known yet.
relationship-facet-referred_others = Has referred somebody
relationship-facet-was_referred = Was referred by somebody
relationship-facet-has_colleague = Has a colleague on record
relationship-facet-has_family = Has family on record
relationship-facet-reports_to_somebody = Reports to somebody
relationship-facet-manages_somebody = Manages somebody
relationship-facet-is_agent = Is an agent
relationship-facet-is_represented = Is represented by an agent
relationship-facet-is_distributor = Is a distributor
relationship-facet-has_left = Has left a company
relationship-facet-in_buying_group = Is in a buying group
relationship-facet-is_economic_buyer = Is an economic buyer
relationship-facet-is_technical_buyer = Is a technical buyer
relationship-facet-is_user = Is a user in a buying group
relationship-facet-is_champion = Is a champion
relationship-facet-is_blocker = Is a blocker
identify-told-related = New relationship: { $subject }
identify-told-related-bare = New relationship
identify-told-related-changed = Changed a relationship: { $subject }
identify-told-related-changed-bare = Changed a relationship
identify-told-related-ended = A relationship ended: { $subject }
identify-told-related-ended-bare = A relationship ended

company-tree = Group of companies
company-tree-none = Stands alone.
company-parent = Parent company
company-parent-edit = Change the parent company
company-parent-of = Parent company of { $name }
company-parent-text = Its people, its past and its branches go with it: it stays the customer it was.
company-no-parent = None
company-moved = Moved the company
company-circle = This company is one of its own branches
company-parent-gone = There is no such company, or it is deleted or not yours to see. Name one that is there.
company-too-deep = The tree would be too deep
company-merge = Merge companies
company-merge-menu = Merge with…
company-merge-with = Merge { $name } with…
company-merge-choose = Find the other record of the same company. Nothing happens yet: both are laid side by side next.
company-merge-search = Name or domain of the other company
company-merge-none = You have no such company in charge. Try another part of the name, or the domain.
company-merge-compare = Compare with { $name }
company-merge-text = Two records of one company become one. Choose what stays where they differ; the other record is kept behind it and can be split off at any time.
company-merge-follows = People, branches, relationships, promises, files, tags, devices and shares of both will be { $name }'s. The name, domain and id of the other go on leading there.
company-merge-people = { $count ->
    [one] one person
   *[other] { $count } people
}
company-merge-parent-hidden = a company you do not see
company-merges = Merged companies
company-merge-was = { $name } became part of this company
company-merged = Merged into one company.
company-split-done = Split: both companies are there again, each with its own.
company-reach = Which companies
company-alone = This company
company-with-branches = With all branches
company-deleted =
    { $count ->
        [one] Deleted one company; its people stay
       *[other] Deleted { $count } companies; their people stay
    }
company-restored =
    { $count ->
        [one] Brought back one company
       *[other] Brought back { $count } companies
    }
company-assigned =
    { $count ->
        [one] Assigned one company
       *[other] Assigned { $count } companies
    }
company-delete-owner-only = Only companies of yours or of your team can be deleted. Ask whoever owns these.
company-told-created = Became known: { $subject }
company-told-created-bare = Became known
relationship-head-more = and { $count } more
company-export-ask = Export { $count } companies?
company-export-text = The file holds names, places, owners, tags and all fields of these companies. The audit log notes the filter and how many they are.
company-export-do = Export { $count } companies
company-import-key = Recognise companies by
company-import-key-hint = Rows with the same value are the same company, in this file and the next.
company-import-key-auto = Domain, else name and city
company-import-undo-ask = Undo the import of { $count } companies?
company-import-undo-text = Companies it created are removed, but for those that have people, branches, relationships or promises by now; changed companies get their old values back.
identify-import-subject = The file is about
identify-map-domain = Web domain
identify-map-industry = Industry
identify-map-parent = Parent company (name or ID elsewhere)
identify-cause-company-name = A company needs a name ({ $detail })
identify-cause-domain = This is not a web domain ({ $detail })
identify-cause-parent = No company has this name or ID ({ $detail })
identify-cause-company-circle = The parent company is one of its own branches ({ $detail })
identify-cause-company-too-deep = The tree of companies would be too deep ({ $detail })
tag-company-added = Gave the company the tag { $name }
tag-company-removed = Took the tag { $name } from the company
tag-company-had-not = The company does not have the tag { $name }

erased-promises = Promises
promise-title = Promises
promise-one = Promise
promise-of = Promises with { $name }
promise-none = No promises yet.
promise-none-text = What you promise a customer, and what they promise you, is listed here by its day.
promise-new = New promise
promise-new-of = New promise with { $name }
promise-edit-of = Promise with { $name }
promise-side = Who promises
promise-side-ours = We promise { $name }
promise-side-theirs = { $name } promises us
promise-what = What
promise-what-hint = In a few words, such as: send the drawings
promise-staff = Colleague
promise-staff-hint = Who of us promises, or to whom it is promised
promise-due = Until
promise-remind = On Today from
promise-remind-days = { $count ->
    [0] The day itself
    [one] One day before
   *[other] { $count } days before
}
promise-saved = Saved the promise
promise-by-us = { $staff } promises
promise-by-them = To { $staff }
promise-until = until { $day }
promise-late = Overdue
promise-state-kept = Kept
promise-state-broken = Broken
promise-state-withdrawn = Withdrawn
promise-keep = Kept
promise-break = Broken
promise-withdraw = Withdrawn
promise-now-kept = Marked as kept
promise-now-broken = Marked as broken
promise-now-withdrawn = Marked as withdrawn
promise-mine = Mine
promise-all = All
promise-mine-settled = Mine, settled
promise-all-settled = All, settled
promise-from-note = Make it a promise
promise-told-theirs = they: { $what }
identify-told-promised = Promise: { $subject }
identify-told-promised-bare = A promise was made
identify-told-promise-changed = Changed promise: { $subject }
identify-told-promise-changed-bare = A promise was changed
identify-told-promise-late = Promise overdue: { $subject }
identify-told-promise-late-bare = A promise is overdue
identify-told-promise-kept = Promise kept: { $subject }
identify-told-promise-kept-bare = A promise was kept
identify-told-promise-broken = Promise broken: { $subject }
identify-told-promise-broken-bare = A promise was broken
identify-told-promise-withdrawn = Promise withdrawn: { $subject }
identify-told-promise-withdrawn-bare = A promise was withdrawn
identify-told-promise-reopened = Promise open again: { $subject }
identify-told-promise-reopened-bare = A promise is open again
identify-told-pages = { $count } page views
identify-timeline-mail = Mail
identify-timeline-record = Changes
identify-head = Where it stands
identify-head-last = What happened last
identify-head-none = Nothing yet
identify-head-owed = What is owed
identify-head-nothing = Nothing
identify-head-ours = We: { $what } (until { $day })
identify-head-theirs = They: { $what } (until { $day })
identify-head-more = and { $count } more

erased-note_versions = What notes said before
identify-note-edit = Edit note
identify-note-change = Edit
identify-note-how = Markdown, such as **bold**, - lists and [links](https://…). @ and a name tells that colleague.
identify-note-edited = Edited
identify-note-history = What the note said
identify-note-until = Changed by { $name }
identify-note-pin = Pin
identify-note-unpin = Unpin
identify-note-pinned = Pinned the note
identify-note-unpinned = Unpinned the note
identify-pinned = Pinned
identify-told-mentioned = Colleagues were named in a note: { $subject }
identify-told-mentioned-bare = Colleagues were named in a note
identify-hidden-words = An address you may not see stands in these words. Ask a colleague who may see it to change them.

# A person's own copy
subject-access-permission = Take a person's own copy
subject-access-button = Export person
subject-access-title = Export person
subject-access-ask = Everything stored about { $name }
subject-access-text = A copy for the person, who may ask for it (GDPR articles 15 and 20, PIPL article 45). Addresses are in full. Who takes it is written down.
subject-access-merged = { $count ->
    [one] One record that was merged into this one is in it too.
   *[other] { $count } records that were merged into this one are in it too.
  }
subject-access-format = File
subject-access-html = A page to read and print (HTML)
subject-access-json = For programs (JSON)
subject-access-language = Language
subject-access-do = Download
subject-access-holds = What is in it
subject-access-lacks = What is not in it
subject-access-lacks-others = who else is related to the person: their names are theirs
subject-access-lacks-secrets = tokens, links that act for the person, and numbers that mean something inside only
subject-access-lacks-copies = what is stored a second time for searching, guesses about duplicates, and mails in the built-in mailbox
subject-access-document = Your data
subject-access-document-text = This is what is stored about you, part by part. Times are in the time zone of whoever made this copy.
subject-access-another-person = another person
subject-access-col-name = Name
subject-access-col-given-name = Given name
subject-access-col-family-name = Family name
subject-access-col-email = E-mail
subject-access-col-phone = Phone
subject-access-col-company = Company
subject-access-col-title = Title
subject-access-col-city = City
subject-access-col-country = Country
subject-access-col-street = Street
subject-access-col-postal-code = Postal code
subject-access-col-region = Region
subject-access-col-latitude = Latitude
subject-access-col-longitude = Longitude
subject-access-col-external-id = Id in another system
subject-access-col-stage = Stage
subject-access-col-owner = Looked after by
subject-access-col-locale = Language
subject-access-col-time-zone = Time zone
subject-access-col-import = From the file
subject-access-col-engagement = Engagement, points today
subject-access-col-fit = Fit, points
subject-access-col-grade = Grade
subject-access-col-fields = Own fields
subject-access-col-created-at = Made on
subject-access-col-updated-at = Changed on
subject-access-col-last-seen-at = Last seen
subject-access-col-deleted-at = Deleted on
subject-access-col-at = When
subject-access-col-subject = About
subject-access-col-amount = Amount
subject-access-col-machine = By a machine
subject-access-col-props = Details
subject-access-col-changes = What changed
subject-access-col-body = Text
subject-access-col-staff = Noted by
subject-access-col-staff-name = Noted by
subject-access-col-until-at = Until
subject-access-col-pinned-at = Pinned on
subject-access-col-first-seen-at = First seen
subject-access-col-started-at = Began
subject-access-col-last-at = Last time
subject-access-col-pages = Pages
subject-access-col-events = Events
subject-access-col-dwell-seconds = Time spent, seconds
subject-access-col-source = Source
subject-access-col-medium = Medium
subject-access-col-campaign = Campaign
subject-access-col-referrer = Came from
subject-access-col-host = Site
subject-access-col-landing = First page
subject-access-col-last-path = Last page
subject-access-col-browser = Browser
subject-access-col-os = System
subject-access-col-device = Device
subject-access-col-model = Model
subject-access-col-reason = Reason
subject-access-col-kind = Kind
subject-access-col-value = Value
subject-access-col-strength = How sure
subject-access-col-first-at = First time
subject-access-col-outcome = Outcome
subject-access-col-how = How
subject-access-col-channel = Channel
subject-access-col-purpose = Purpose
subject-access-col-state = State
subject-access-col-wording = Wording
subject-access-col-proof = Proof
subject-access-col-frequency = How often
subject-access-col-paused-until = Paused until
subject-access-col-quiet-from = Quiet from, minute of the day
subject-access-col-quiet-to = Quiet until, minute of the day
subject-access-col-language = Language
subject-access-col-taken = Taken over
subject-access-col-key = Attribute
subject-access-col-detail = Detail
subject-access-col-question = Question
subject-access-col-touch = Asked at
subject-access-col-ended-at = Ended on
subject-access-col-from-company = From the company
subject-access-col-to-company = To the company
subject-access-col-note = Note
subject-access-col-attitude = Attitude
subject-access-col-since-at = Since
subject-access-col-created-by = Made by
subject-access-col-side = Whose promise
subject-access-col-what = What
subject-access-col-due-at = Due on
subject-access-col-closed-at = Closed on
subject-access-col-closed-by = Closed by
subject-access-col-rule = Rule
subject-access-col-count = Times
subject-access-col-day-points = Points of the last day
subject-access-col-tier = Temperature
subject-access-col-segment = Segment
subject-access-col-mailing = Mailing
subject-access-col-opened-at = Opened on
subject-access-col-machine-opened-at = Opened by a machine on
subject-access-col-clicked-at = Clicked on
subject-access-col-machine-clicked-at = Clicked by a machine on
subject-access-col-unsubscribed-at = Unsubscribed on
subject-access-col-responded-at = Responded on
subject-access-col-email-key = Address
subject-access-col-funnel = Push funnel
subject-access-col-done-at = Done on
subject-access-col-done-by = Done by
subject-access-col-rep = Sales rep
subject-access-col-origin = Origin
subject-access-col-offered-at = Offered on
subject-access-col-escalated-at = Passed upwards on
subject-access-col-decided-at = Decided on
subject-access-col-decided-by = Decided by
subject-access-col-released-at = Let go on
subject-access-col-known-at = Known since
subject-access-col-reached-at = Reached on
subject-access-col-via = Way in
subject-access-col-action = Action
subject-access-col-before-json = Before
subject-access-col-after-json = After
subject-access-word-given = Given
subject-access-word-withdrawn = Withdrawn
subject-access-word-pending = Not confirmed yet
subject-access-word-every = Every mail
subject-access-word-weekly = At most one a week
subject-access-word-monthly = At most one a month
subject-access-word-open = Open
subject-access-word-kept = Kept
subject-access-word-broken = Broken
subject-access-word-answered = Answered
subject-access-word-declined = Declined
subject-access-word-waiting = Waiting
subject-access-word-offered = Offered
subject-access-word-accepted = Accepted
subject-access-word-rejected = Rejected
subject-access-word-ours = We promised
subject-access-word-theirs = They promised
subject-access-word-hot = Hot
subject-access-word-warm = Warm
subject-access-word-cold = Cold
subject-access-word-proof = Proven
subject-access-word-claim = Claimed
subject-access-word-joined = Joined
subject-access-word-parted = Parted
subject-access-word-email = E-mail
subject-access-word-sms = Text message
subject-access-word-phone = Phone
subject-access-word-marketing = Marketing
subject-access-word-direct = Direct
subject-access-word-unsubscribed = Unsubscribed
subject-access-word-bounced = Bounced
subject-access-word-complained = Complained
subject-access-word-manual = By hand
subject-access-word-staff = Staff
subject-access-word-program = Program
subject-access-word-answer = Own answer
subject-access-word-confirmed = Confirmed
subject-access-word-known = Known
subject-access-word-engaged = Engaged
subject-access-word-handed-over = Handed over
subject-access-word-customer = Customer
subject-access-word-visitor = Visitor
subject-access-word-lead = Lead
subject-access-word-for = In favour
subject-access-word-neutral = Neutral
subject-access-word-against = Against
subject-access-word-form = Form
subject-access-word-api = Program
subject-access-word-session = Signed in
subject-access-word-api-key = API key
subject-access-word-system = By itself
subject-access-word-planned = Planned
subject-access-word-changed = Changed
subject-access-word-same = Unchanged
subject-access-word-refused = Refused
subject-access-word-restored = Restored
subject-access-word-left = Left alone

# Tags
tag-names = Tags
tag-names-hint = Several with commas between
tag-add = Add tag
tag-remove = Remove tag
tag-take = Remove the tag { $name }
tag-filter = Tag
tag-filter-of = Tag: { $value }
tag-type-first = Type a tag first
tag-too-long = A tag has at most 60 characters
tag-too-many = At most ten tags at once
tag-had-already = { $name } was there already
tag-had-not = Nobody of them has { $name }
tag-added =
    { $count ->
        [one] Added { $name } to one contact
       *[other] Added { $name } to { $count } contacts
    }
tag-removed =
    { $count ->
        [one] Removed { $name } from one contact
       *[other] Removed { $name } from { $count } contacts
    }
identify-told-tagged = Was given the tag { $subject }
identify-told-tagged-bare = Was given a tag
identify-told-untagged = Lost the tag { $subject }
identify-told-untagged-bare = Lost a tag
erased-record_tags = Tags
tag-not-a-list = Tags are a list of names
identify-map-tags = Tags
identify-cause-tags = A tag has at most 60 characters, a line at most a hundred tags ({ $detail })

# Sharing a record with colleagues
erased-shares = Shared with colleagues
share-permission = Share contacts and companies with colleagues
share-title = Shared with
share-of = { $name }: shared with
share-none = Nobody besides those in charge.
share-new = Share
share-team = Team { $name }
share-left = { $name } (left)
share-until = until { $day }
share-by = by { $name }
share-through = through { $name }
share-end = Stop sharing with { $name }
share-what-contact = Whoever it is shared with sees this contact with everything about it, and works on it as far as their role allows. Address and number stay masked for them until they ask; giving away, merging and deleting stay with whoever is in charge.
share-what-company = Whoever it is shared with sees this company, its branches, its people and everything about them, and works on it as far as their role allows. Addresses and numbers stay masked for them until they ask; giving away, merging and deleting stay with whoever is in charge.
share-with = With
share-choose = Choose a colleague or a team
share-until-label = Until
share-until-hint = Ends by itself after that day. Empty: until somebody ends it.
share-reason = Why
share-button = Share
share-done = Shared
share-ended = No longer shared
share-not-all-yours = Some of its people or branches belong to colleagues you do not see. Ask somebody who sees all of them to share it
share-until-past = Choose a day that has not passed
share-is-owner = It is theirs already
share-owner-only = Only whoever is in charge can give this away
share-merge-not-yours = One of them, or what is above it, is shared, and not everything that hangs on both is yours: colleagues would see what others own. End the share first, or ask somebody who sees all companies to merge them.
share-move-not-yours = That company is shared with colleagues: only whoever is in charge of this one and all its people can put it there
share-one-of-both = Give either staff_id or team_id
subject-access-col-shared-by = Shared by
identify-told-shared = Shared with { $subject }
identify-told-shared-bare = Shared with a colleague
identify-told-unshared = No longer shared with { $subject }
identify-told-unshared-bare = No longer shared with a colleague
tag-title = Tags
tag-text = Every tag, and how many contacts you may see have it. A name a tag had before keeps meaning it in segments, imports and saved views.
tag-search = Find a tag
tag-none = No tags yet
tag-none-text = Give a contact its first tag: on its page, or to many at once in the list.
tag-none-found = No tag has this in its name
tag-none-found-text = Try fewer letters.
tag-show-all = Show all tags
tag-aliases = Was called { $names }
tag-forget = Forget the name { $name }
tag-name-forgotten = { $name } means no tag any more
tag-permission = Rename, merge and delete tags
tag-needs-name = A tag needs a name
tag-one-name = Leave out commas and semicolons, which part names
tag-name-taken = Another tag is called { $name }
tag-name-former = The tag { $name } was called so before. Let it forget that name first.
tag-renamed = The tag is called { $name } now
tag-merged = They are one tag now: { $name }
tag-deleted = The tag { $name } is gone; it can come back for 30 days
tag-restored = The tag { $name } is back
tag-delete-text = { $known ->
        [0] No contact you see has it. Segments and views that ask for it find nobody afterwards.
        [one] One contact loses it. Segments and views that ask for it find nobody afterwards.
       *[other] { $count } contacts lose it. Segments and views that ask for it find nobody afterwards.
    }
tag-merge-title = Merge { $name } into another tag
tag-merge-into = The tag that remains
tag-merge-into-hint = What it then means in segments and imports, the merged name means too.
tag-merge-none = There is no other tag
tag-merge-none-text = Two tags are needed to make one of them.
tag-merge-ask = Merge { $name } into { $into }?
tag-merge-text = { $known ->
        [0] No contact you see has { $name }. The name means { $into } from then on.
        [one] One contact gets { $into } in place of { $name }.
       *[other] { $count } contacts get { $into } in place of { $name }.
    }
tag-merge-final = This cannot be undone. Segments, imports and saved views that name either go on working.
tag-preview = Next

# Bulk edits
bulk-edit-title = Bulk edits
bulk-edit-text = { $of ->
    [company] What was set for many companies at once. Each can be taken back for 30 days.
   *[other] What was set for many contacts at once. Each can be taken back for 30 days.
}
bulk-edit-none = No bulk edits yet
bulk-edit-none-text = { $of ->
    [company] Select companies in the list and choose “Edit field”.
   *[other] Select contacts in the list and choose “Edit field”.
}
bulk-edit-change = Change
bulk-edit-by = By
bulk-edit-of = { $name }: { $value }
bulk-edit-nothing = empty
bulk-edit-new = Bulk edit a field
bulk-edit-open = Edit field
bulk-edit-selected = { $of ->
    [company] Companies selected: { $count }
   *[other] Contacts selected: { $count }
}
bulk-edit-field = Field
bulk-edit-choose = Choose
bulk-edit-empty = Empty it instead
bulk-edit-look = Preview
bulk-edit-from = What it is now
bulk-edit-other = Other values
bulk-edit-first = More are selected than a preview looks at: these are the figures of the first { $count }.
bulk-edit-same-already = Has the value already
bulk-edit-no-change = Nothing would change.
bulk-edit-do = { $of ->
    [company] { $count ->
        [one] Change one company
       *[other] Change { $count } companies
    }
   *[other] { $count ->
        [one] Change one contact
       *[other] Change { $count } contacts
    }
}
bulk-edit-do-all = Change all of them
bulk-edit-undo-hint = It works in the background, can be stopped, and taken back for 30 days.
bulk-edit-asked = { $of ->
    [company] The companies are being changed
   *[other] The contacts are being changed
}
bulk-edit-ending = It ends after those it is at
bulk-edit-undoing = It is being taken back
bulk-edit-over = It is over already
bulk-edit-not-over = Only what is over and was not undone can be taken back
bulk-edit-changed = Changed
bulk-edit-same = Unchanged
bulk-edit-refused = Refused
bulk-edit-restored = Restored
bulk-edit-kept = Left alone
bulk-edit-undo = Undo
bulk-edit-undo-ask = { $of ->
    [company] { $count ->
        [one] Give one company back what it had?
       *[other] Give { $count } companies back what they had?
    }
   *[other] { $count ->
        [one] Give one contact back what it had?
       *[other] Give { $count } contacts back what they had?
    }
}
bulk-edit-undo-text = { $of ->
    [company] What was changed again since stays as it is, and is listed.
   *[other] Who was changed again since stays as they are, and is listed.
}
bulk-edit-left = Not changed, and why
bulk-edit-somebody = { $of ->
    [company] A company you may not see
   *[other] A contact you may not see
}
bulk-edit-cause-scope = { $of ->
    [company] You may not change this company
   *[other] You may not change this contact
}
bulk-edit-cause-gone = { $of ->
    [company] The company was removed meanwhile
   *[other] The contact was deleted meanwhile
}
bulk-edit-cause-changed = Somebody has changed the value since
bulk-edit-cause-value = The value cannot be chosen any more
bulk-edit-broke = It stopped before the end
bulk-edit-broke-text = What was changed can be undone. Try again with those who are left.
bulk-edit-broke-back = It was being undone. Undo it once more for those who are left.
bulk-edit-too-late = What was there before is kept for 30 days, which are over
bulk-edit-never-empty = This field is never empty
bulk-edit-needs-value = Choose a value, or empty it
bulk-edit-field-gone = The field is gone
bulk-edit-state-waiting = Waiting
bulk-edit-state-running = Changing
bulk-edit-state-done = Done
bulk-edit-state-failed = Stopped
bulk-edit-state-cancelled = Cancelled
bulk-edit-state-undoing = Being undone
bulk-edit-state-undone = Undone
erased-bulk_rows = What bulk edits changed

# Files
file-title = Files
file-of = Files of { $name }
file-none = No files yet.
file-new = Add files
file-new-of = Add files to { $name }
file-choose = Choose files
file-hint = Several at once, each up to { $most } MB
file-add = Add
file-added = { $count ->
    [one] Added a file
   *[other] Added { $count } files
}
file-none-chosen = Choose a file first
file-too-large = { $name } is larger than { $most } MB. Nothing was added.
file-too-large-some = { $name } is larger than { $most } MB and was not added; { $kept ->
    [one] one file was
   *[other] { $kept } files were
}.
file-name = Name
file-rename = Rename the file
file-rename-do = Rename
file-rename-of = Rename { $name }
file-renamed = Renamed the file
file-delete-of = Delete { $name }
file-deleted = Deleted the file
file-all = All files
file-closed = Only who sees the addresses of this record can open its files.
file-setting-mb = Largest file on a record, MB
file-setting-mb-hint = Files on contacts and companies are kept in the store and in its backups.
identify-told-file = File added: { $subject }
identify-told-file-bare = A file was added
identify-told-file-removed = File deleted: { $subject }
identify-told-file-removed-bare = A file was deleted
identify-told-file-restored = File brought back: { $subject }
identify-told-file-restored-bare = A file was brought back
erased-files = Files
erased-file_chunks = What is in the files
subject-access-col-file-name = File
subject-access-col-bytes = Size in bytes
subject-access-files = Files that go with it
subject-access-files-text = The copy names them. Download them here and hand them over beside it.

# Retention
retention-permission = Set how long data is kept
retention-title = Storage periods
retention-text = How many days each kind of data is kept. Left empty, it is kept for ever. What is past its limit goes once a day, and for good.
retention-class-unknown = What unknown visitors did
retention-class-unknown-hint = Page views, visits and browsers that belong to nobody known. Purchases stay.
retention-class-tracked = What contacts did on sites and in apps
retention-class-tracked-hint = Page views and visits of people who are known, at least 30 days. Purchases stay; points earned stay until they fade.
retention-class-networks = Where visits came from
retention-class-networks-hint = Organisation, country and city of the network. The IP address itself is never kept.
retention-class-mailbox = Mails in the built-in mailbox
retention-class-mailbox-hint = Copies of mails that went out, with what is in them.
retention-class-imports = What imports left
retention-class-imports-hint = What is needed to take an import back, its refused lines, and uploads that were never started. Afterwards the import cannot be undone.
retention-class-contacts = Inactive contacts
retention-class-contacts-hint = People without a purchase, a consent, an open promise or anything they did, at least 180 days. They are erased like somebody who asked for it.
retention-class-audit = Audit log
retention-class-audit-hint = Who changed what, at least 365 days.
retention-going = What would go today
retention-going-none = Nothing has a limit.
retention-going-wrong = Mend the limits first.
retention-count = Count
retention-what = Kind of data
retention-until = Before
retention-oldest = Oldest
retention-rows = Rows
retention-days = Days
retention-unit = days
retention-saved = Saved the limits
retention-no-limit = No kind of data has a limit. Set one and save it first.
retention-run = Run now
retention-run-ask = Remove what is past its limit?
retention-run-text = It goes for good and cannot be brought back. The saved limits hold.
retention-running = Removing what is past its limit
retention-so-far = { $rows ->
    [one] { $rows } row so far
   *[other] { $rows } rows so far
}
retention-started = The run has begun
retention-stopping = The run stops
retention-failed = The last run failed: { $why }
retention-runs = Runs
retention-runs-none = No run has removed anything yet.
retention-receipt = Receipt
retention-receipt-of = Receipt { $id }
retention-when = When
retention-by = By
retention-by-itself = by itself
retention-state = State
retention-state-done = Done
retention-state-cancelled = Stopped before its end
retention-state-running = Not over yet
retention-hold = Hold
retention-hold-button = Hold
retention-hold-of = Hold { $name }
retention-hold-text = Nothing of somebody who is held goes by itself, and nobody can erase them, until the hold is ended.
retention-held = Held because
retention-held-refuses = This person is held. End the hold first.
retention-reason = Reason
retention-reason-hint = Such as: law suit, warranty, tax audit
retention-hold-do = Hold
retention-hold-put = Held. Nothing of this person goes by itself
retention-hold-end = End the hold
retention-hold-ended = Ended the hold
identify-told-held = Held: { $subject }
identify-told-held-bare = Was held
identify-told-released = Hold ended: { $subject }
identify-told-released-bare = Hold ended
erased-holds = Holds
identify-view-shared-with-me = Shared with me

# Devices
device-title = Devices
device-of = Devices of { $name }
device-all = All
device-none = No devices yet
device-none-text = Machines and appliances at your customers, with what they tell: readings, stock levels, faults.
device-none-here = No devices yet.
device-all-here = All devices
device-new = New device
device-edit = Edit device
device-delete = Delete
device-deleted = Deleted the device
device-saved = Saved the device
device-search = Serial number or model
device-serial = Serial number
device-model = Model
device-owner = Owner
device-owner-find = Find another owner
device-owner-hint = The name of a contact or a company
device-choose-owner = Choose whose it is
device-no-owner = There is no such contact or company
device-taken = A device has this serial number already
device-gone = This device is not there any more
device-installed = Installed on
device-state = State
device-state-active = In use
device-state-retired = Retired
device-stock = Stock level
device-usage = Usage
device-last = Heard last
device-silent = Nothing yet
device-faults = Faults
device-faults-count = { $count ->
    [one] One fault
   *[other] { $count } faults
}
device-recovered = Recovered
device-severity-info = Info
device-severity-warning = Warning
device-severity-critical = Critical
device-readings = Readings
device-no-readings = No readings yet. They come through the interface for programs.
device-reading = Reading
device-value = Value
device-at = When
device-over-time = A reading over time
device-values = { $count ->
    [one] One value
   *[other] { $count } values
}
device-chart-says = { $reading } between { $low } and { $high }.
device-facet-stock = Lowest stock level of a device, percent
device-facet-faults = Open faults of devices
retention-class-devices = What devices told
retention-class-devices-hint = Readings, stock levels and faults, here and on timelines. What stands now stays.
identify-told-device = Device: { $subject }
identify-told-device-bare = A device was added
identify-told-device-changed = Device changed: { $subject }
identify-told-device-changed-bare = A device was changed
identify-told-device-removed = Device gone: { $subject }
identify-told-device-removed-bare = A device is gone
identify-told-device-reading = Reading of a device: { $subject }
identify-told-device-reading-bare = A device told a reading
identify-told-device-fault = Fault of a device: { $subject }
identify-told-device-fault-bare = A device told a fault
identify-told-device-recovered = Fault is over: { $subject }
identify-told-device-recovered-bare = A fault is over
erased-devices = Devices
erased-device_readings = What devices told
erased-device_states = How devices stand
subject-access-col-serial = Serial number
subject-access-col-installed-at = Installed on
subject-access-col-unit = Unit
subject-access-col-severity = Severity
share-through-above = through a company above
subject-access-col-owned-at = With the owner since

# Fields that name a record.
identify-kind-contact = A contact
identify-kind-company = A company
identify-filter-set = filled in
identify-filter-unset = empty
identify-filter-find = Find for { $name }
identify-cause-unknown-record = No record is meant by this: give its id, its email address or web domain, its outside id, or its whole name ({ $detail })
identify-cause-several = Several records match: give the id of the one meant ({ $detail })
identify-cause-itself = A record cannot refer to itself ({ $detail })
field-reference-unknown = No record you see is meant by this. Give a whole name, an email address or web domain, or the id.
field-reference-several = Several records match. Choose one, or give its id.
field-reference-itself = A record cannot refer to itself
field-reference-hidden = a record you do not see
field-reference-hidden-stays = It refers to a record you do not see. Ask a colleague who sees it to change that.
field-reference-hint = A name, an email address or web domain, or an id
field-reference-which = Who is meant
field-reference-nobody = Nobody
erased-field_references = Own fields that refer to records
field-reference-title = Referred to by
field-reference-of = Who refers to { $name }
field-reference-none = No field of a record you see names this one.
field-reference-all = All by { $name }
bulk-edit-cause-hidden = It refers to a record you do not see
bulk-edit-cause-itself = The contact cannot refer to itself
field-reference-choose = Choose who is meant, or give the whole name
bulk-edit-unnamed = Stays as it is: refers to a record you do not see, or would refer to itself

# Postal addresses
address-title = Address
address-street = Street
address-postal-code = Postal code
address-region = Region
address-coordinates = Coordinates
address-not-degrees = These are not degrees. Type two numbers such as 31.2304, 121.4737: latitude first, then longitude.
address-needs-both = One number alone is no place. Give both: latitude first, then longitude, such as 31.2304, 121.4737.
address-latitude-range = Latitudes go from -90 to 90. Latitude comes first, then longitude.
address-longitude-range = Longitudes go from -180 to 180. Latitude comes first, then longitude.
address-unknown = not known
address-filter = Place
address-filter-code-label = Postal code begins with
address-filter-city = City: { $value }
address-filter-country = Country: { $value }
address-filter-code = Postal code: { $value }…
address-filter-located = With coordinates
address-filter-within = On a part of the map
address-map = Map
address-map-of = Map around { $name }
address-map-keys = Arrow keys move the map, plus and minus zoom, 0 shows everything. Tab leads to the markers.
address-map-failed = What is here could not be read. Move the map to try again.
address-zoom-in = Zoom in
address-zoom-out = Zoom out
address-zoom-fit = Show everything
address-here = In this place
address-here-all = Show all of them in the list
address-nobody-here = Nothing is here any more. Move the map to look again.
address-located-contacts = { $count ->
    [0] No contact of this list has coordinates. Add them to a contact, or import latitude and longitude.
    [one] 1 contact of this list has coordinates
   *[other] { $count } contacts of this list have coordinates
}
address-located-companies = { $count ->
    [0] No company of this list has coordinates. Add them to a company, or import latitude and longitude.
    [one] 1 company of this list has coordinates
   *[other] { $count } companies of this list have coordinates
}
address-count-contacts = { $count ->
    [one] 1 contact
   *[other] { $count } contacts
}
address-count-companies = { $count ->
    [one] 1 company
   *[other] { $count } companies
}
address-here-contacts = { $count ->
    [one] 1 contact on this part of the map
   *[other] { $count } contacts on this part of the map
}
address-here-companies = { $count ->
    [one] 1 company on this part of the map
   *[other] { $count } companies on this part of the map
}
address-cells-cut = More places than fit on the map: the fullest are shown, { $count } records. Zoom in to see the others.
address-places = By city and country
address-no-places = No record on this list has a city, a country or coordinates.
address-place-nameless = Only coordinates: neither city nor country is known
address-places-cut = Only the 100 places with the most are shown. Filter the list to see others.
address-no-tiles = There are no pictures of the map: no tile source is set, and so no other server is asked for anything.
address-set-tiles = Set a tile source
address-setting-tiles = Tile source of maps
address-setting-tiles-hint = The address of map pictures with { "{z}" }, { "{x}" } and { "{y}" }, such as https://tiles.example.com/{ "{z}" }/{ "{x}" }/{ "{y}" }.png; your own server on the intranet will do. The browsers of your staff ask that server for pictures, and so it sees which area is looked at and from which address, never who is shown there. Empty: maps have no pictures, and nobody outside is asked.
address-setting-credit = Credit on maps
address-setting-credit-hint = What the provider of the pictures wants to be named as, such as © OpenStreetMap contributors. It stands on every map.
address-setting-zoom = Closest zoom of maps
address-setting-zoom-hint = The closest zoom the tile source has pictures of, 19 with most.
address-about = About { $count } records
address-here-about = About { $count } on this part of the map, counted by a sample. Zoom in or filter the list for exact numbers.
