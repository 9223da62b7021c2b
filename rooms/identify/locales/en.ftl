
### Tracking, visitors, stitching, consent and replay
event-permission-view = See events
event-permission-send = Send events with an API key
identify-setting-sites = Tracked sites
identify-setting-sites-hint = Hosts that may send events, separated by commas. Subdomains are included. Empty: every site.
identify-setting-own-networks = Own networks
identify-setting-own-networks-hint = Visits from these networks (such as 192.0.2.0/24) are not recorded.
identify-setting-machine-networks = Data centre networks
identify-setting-machine-networks-hint = Visits from these networks are counted as machines.
identify-setting-consent-required = Record only visitors who agreed
identify-setting-consent-required-hint = Events without the visitor's consent are dropped.

visitor-nav = Visitors
visitor-title = Visitors
visitor-permission-view = See visitors and visits
visitor-tabs = Visitors
visitor-now = On the site now
visitor-people = People
visitor-machines = Machines
visitor-from = From
visitor-to = To
visitor-filter = Show these days
visitor-all-dates = All dates
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

consent-title = Consent
consent-of = Consent of { $name }
consent-permission-view = See consent
consent-permission-record = Record consent
consent-none = Nothing recorded yet. Marketing needs consent first.
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
consent-wording = Wording
consent-wording-hint = The words the person agreed to, as they were said or shown.
consent-proof = Proof
consent-proof-hint = A message id, a file or the place of the signed paper.
consent-save = Record consent
consent-recorded = Consent recorded
consent-ledger = History
consent-ledger-text = Lines are only ever added. The newest one of each channel and purpose holds.
consent-when = When
consent-source-staff = Noted by staff
consent-source-form = Form
consent-source-import = Import
consent-source-unsubscribe-link = Unsubscribe link
consent-source-preference-page = Preference page
consent-source-api = API

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
replay-cause-no-request = The request in quotes is missing or not closed
replay-cause-bad-request = The request is not method, address and protocol
replay-cause-bad-status = The status is not a number from 100 to 599
replay-cause-bad-size = The size is neither a number nor -
replay-cause-open-quote = Referrer or user agent is not closed by a quote
