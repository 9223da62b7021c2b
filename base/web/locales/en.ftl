# Words of the shell, the component kit and the error pages.
web-name = Attune
web-skip = Skip to content
web-main-nav = Main
web-mobile-nav = Mobile
web-breadcrumb = Breadcrumb
web-search = Search or jump to
web-menu = Menu
web-more = More
web-theme = Theme
web-theme-auto = Same as the system
web-theme-light = Light
web-theme-dark = Dark
web-settings = Settings
web-sign-out = Sign out
web-account = Account
web-save = Save
web-cancel = Cancel
web-close = Close
web-dismiss = Dismiss
web-undo = Undo
web-optional = (optional)
web-show-password = Show password
web-choose = Choose…
web-select-all = Select all on this page
web-select-row = Select { $name }
web-selected = selected
web-clear-selection = Clear selection
web-next-page = Next { $count }
web-first-page = Back to the first page
web-remove-filter = Remove filter: { $name }
web-confirm = Continue
web-copy = Copy
web-copied = Copied
web-offline = You are offline. What you see may be out of date.
web-toast-error = That did not work. Try again; if it keeps failing, give your administrator this reference:
web-toast-offline = The server cannot be reached. Check your connection and try again.
web-error-heading =
    { $count ->
        [one] One entry needs your attention
       *[other] { $count } entries need your attention
    }
web-score-of = Score { $value } of { $max }
web-out-of = { $done } of { $total }
web-time-left = about { $span } left

# Palette and shortcuts
web-palette = Search and jump
web-palette-hint = Type a name, a page or an action
web-palette-go = Search
web-palette-pages = Pages
web-palette-none = Nothing found for “{ $query }”
web-shortcuts = Keyboard shortcuts
web-shortcuts-intro = Single keys work while you are not typing.
web-shortcut-palette = Search and jump
web-shortcut-find = Search this list
web-shortcut-help = This help
web-shortcut-move = Next and previous row
web-shortcut-select = Select the row
web-shortcut-undo = Undo
web-shortcut-submit = Submit the form
web-shortcut-close = Close the topmost
web-shortcut-go = Go to { $page }

# Dates and times
web-month =
    { $month ->
        [1] January
        [2] February
        [3] March
        [4] April
        [5] May
        [6] June
        [7] July
        [8] August
        [9] September
        [10] October
        [11] November
       *[12] December
    }
web-month-short =
    { $month ->
        [1] Jan
        [2] Feb
        [3] Mar
        [4] Apr
        [5] May
        [6] Jun
        [7] Jul
        [8] Aug
        [9] Sep
        [10] Oct
        [11] Nov
       *[12] Dec
    }
web-weekday =
    { $weekday ->
        [1] Monday
        [2] Tuesday
        [3] Wednesday
        [4] Thursday
        [5] Friday
        [6] Saturday
       *[7] Sunday
    }
web-date = { $day } { web-month-short } { $year }
web-date-short = { $day } { web-month-short }
web-day = { web-weekday } { $day } { web-month }
web-today = Today
web-yesterday = Yesterday
web-tomorrow = Tomorrow
web-just-now = just now
web-minutes-ago = { $count } min ago
web-hours-ago = { $count } h ago
web-in-minutes = in { $count } min
web-in-hours = in { $count } h
web-span-ms = { $n } ms
web-span-s = { $n } s
web-span-min = { $n } min
web-span-h = { $n } h
web-span-d = { $n } d

# Mistakes in forms
web-required = Fill this in
web-too-long = Use at most { $max } characters
web-not-a-number = Enter a number
web-not-a-date = Enter a date
web-not-an-email = Enter an email address such as name@example.com
web-out-of-range = Enter a number from { $min } to { $max }
web-not-a-choice = Choose one of the options

# Error pages
web-reference = Reference
web-back-home = Go to the start page
web-not-found = This page does not exist
web-not-found-text = The address may be mistyped, or what it showed was deleted or moved.
web-forbidden = Your role does not allow this
web-forbidden-text = It needs the right “{ $permission }”.
web-forbidden-ask = { $names } can grant it.
web-cross-site = The request came from another site
web-cross-site-text = For your safety it was not carried out. Open the page again and repeat the step.
web-bad-request = The request could not be read
web-bad-request-text = Go back, reload the page and try again.
web-method = This address does not take that kind of request
web-method-text = Go back and use the buttons on the page.
web-too-large = That is too large
web-too-large-text = Send a smaller file or less text.
web-too-many = Too many attempts
web-too-many-text = Try again in { $seconds } s.
web-conflict = Somebody was faster
web-busy = Attune is busy right now
web-busy-text = Nothing was lost. Try again in a few seconds.
web-disk-full = The disk is full
web-disk-full-text = Nothing was lost, but nothing more can be saved. Ask your administrator to free some space.
web-fault = Something went wrong on our side
web-fault-text = It was recorded. If it happens again, give your administrator this reference.
web-sign-in-first = Sign in to continue
web-not-set-up = Nobody has set this server up yet
web-not-set-up-text = Open its address in a browser and create the first administrator, or run: attune user create
web-refused = That is not possible

# Gallery
web-gallery = Components
web-gallery-buttons = Buttons
web-gallery-badges = Badges and avatars
web-gallery-fields = Fields
web-gallery-table = Table
web-gallery-numbers = Numbers
web-gallery-states = States
web-gallery-email = Work email
web-gallery-password = Password
web-gallery-name = Name
web-gallery-seats = Seats
web-gallery-seats-hint = From 1 to 500
web-gallery-date = Close date
web-gallery-role = Role
web-gallery-note = Note
web-gallery-agree = Send me the weekly report
web-gallery-plan = Plan
web-gallery-plan-a = Monthly
web-gallery-plan-b = Yearly
web-gallery-empty = No conversations yet
web-gallery-empty-text = Connect an email address. New messages arrive here within a few seconds.
web-gallery-saved = Saved { $name }
web-gallery-return = Return 12 leads
web-gallery-return-ask = Return 12 leads to the pool?
web-gallery-return-text = Other sales people can claim them at once. Your notes stay with each lead.
web-gallery-import = Importing contacts
web-gallery-filter = Score: 40 or more
web-gallery-win-rate = Win rate
web-gallery-fit = Fit
web-gallery-contact = Contact
web-gallery-company = Company
web-gallery-score = Score
web-gallery-open = Open
web-gallery-all = All
web-gallery-mine = Mine
web-gallery-danger = Delete
web-gallery-quiet = Quiet
web-gallery-status-won = Won
web-gallery-status-late = Overdue
web-gallery-status-risk = At risk
