interact-nav = Marketing
interact-nav-campaigns = Campaigns
interact-nav-push-funnels = Push funnels
interact-nav-templates = Templates
interact-nav-suppressions = Suppressed addresses
interact-nav-mailbox = Built-in mailbox
interact-nav-sender = Sender and DKIM
interact-may-mail-view = See campaigns, push funnels and templates
interact-may-mail-edit = Write campaigns, push funnels and templates
interact-may-mail-send = Send mail to many people
interact-may-suppression-edit = Change the list of suppressed addresses
interact-may-mailbox-view = Read the built-in mailbox
interact-setting-sender-name = Sender name
interact-setting-sender-name-hint = New campaigns and push funnels start with it
interact-setting-sender-address = Sender address
interact-setting-sender-address-hint = Its domain is the one DKIM signs for
interact-setting-imported-consent = Imported contacts count as having consented
interact-setting-imported-consent-hint = Who imports a list declares the right to write to it. A withdrawn consent always wins. Off: only people with a recorded consent get marketing mail
interact-setting-cap-mails = Most mails per person and period
interact-setting-cap-mails-hint = 0 for no limit. Later rounds of a push funnel answer a response and do not count
interact-setting-cap-days = Days in the period
interact-setting-cap-days-hint = The period the limit above counts
interact-setting-quiet-hours = Quiet hours
interact-setting-quiet-hours-hint = As 21:00-08:00 in the zone of the contact. Empty for none
interact-setting-time-zone = Zone of contacts without one
interact-setting-time-zone-hint = An IANA name such as Europe/Berlin
interact-setting-tracked-sites = Sites that carry the tracker
interact-setting-tracked-sites-hint = Host names, separated by commas. Links to them carry a signed token, so that the visit joins the contact
interact-setting-bounce-domain = Bounce domain
interact-setting-bounce-domain-hint = Each mail then returns to an address of its own there. Empty: to the sender
interact-setting-dkim-selector = DKIM selector
interact-setting-dkim-selector-hint = The keys are published as this name with -ed and -rsa
interact-setting-dkim-ed25519 = DKIM key (Ed25519)
interact-setting-dkim-ed25519-hint = PEM; make one under Sender and DKIM
interact-setting-dkim-rsa = DKIM key (RSA)
interact-setting-dkim-rsa-hint = PEM; make one under Sender and DKIM
interact-segment = Segment
interact-segment-hint = Goes before the rule
interact-topic = Topic
interact-topic-hint = Who said no to the topic gets nothing
interact-topic-none = No topic
interact-segment-gone = A segment that no longer exists
interact-rule = Rule
interact-rule-hint = For example: score >= 40. Empty for everybody
interact-everybody = everybody
interact-error-state = This has moved on meanwhile. Load the page again.
interact-error-audience = The audience cannot be read: { $reason }
interact-from-name = Sender name
interact-from-address = Sender address
interact-pause = Pause
interact-resume = Resume
interact-cancel = Cancel
interact-refresh = Show the latest figures
template-list = Templates
template-new = New template
template-edit = Edit
template-empty = No templates yet
template-empty-text = Mails for campaigns and push funnels are written here
template-name = Name
template-subject = Subject
template-language = Language
template-language-hint = The language of the footer that is added when the mail has no unsubscribe link
template-version = Version
template-changed = Changed
template-preheader = Preheader
template-preheader-hint = Shown behind the subject in the list of mails
template-source = MJML
template-source-hint = Merge tags look like {"{{"} contact.given_name {"|"} default("there") {"}}"}. The text part is made from this
template-preview = Preview
template-plain = Text part
template-size = Size
template-saved = { $name } is saved
template-error-mjml = { $reason }
template-checks = Checks ({ $count })
template-checks-none = Nothing to mend
template-check-serious = Mend
template-check-hint = Look at
template-check-fallback = contact.{ $detail } has no fallback: people without it get no mail
template-check-size = The mail has { $detail } kB; Gmail cuts mails above 102 kB
template-check-broken-link = The link “{ $detail }” is not a full web address
template-check-plain-link = The link “{ $detail }” is not encrypted (https)
template-check-no-link = The mail has no link, so nobody can click{ $detail }
template-check-alt = The image “{ $detail }” has no alt text
template-check-subject = The subject has about { $detail } characters; phones show 60
template-check-preheader = There is no preheader{ $detail }
template-check-footer = There is no unsubscribe link; one is added at the foot{ $detail }
template-test = Test mail
template-test-to = Address
template-test-send = Send test
template-test-hint = The saved version, filled in for a person made up. Links are not tracked
template-test-address = That is not an e-mail address
template-test-sent = A test mail went to { $address }
template-test-failed = The test mail was not taken: { $reason }
template-archive-heading = Archive
template-archive-hint = Version { $version } is current. Mails that were sent keep theirs
template-archive = Archive template
template-archived = { $name } is archived
template-restored = { $name } is back
message-unsubscribe-title = Unsubscribe
message-unsubscribe-ask = { $email } will get no more mails from us.
message-unsubscribe-ask-any = You will get no more mails from us.
message-unsubscribe-button = Unsubscribe
message-unsubscribe-over = This link is too old and leads to nobody any more. If mail still comes, use the link in the newest one.
message-unsubscribe-done = You are unsubscribed. No further mail will come.
message-relay-down = The mail relay takes nothing at present. Mails wait and are tried again.
message-held-back = Held back
message-held-back-none = Nobody was held back
message-unknown-text = In doubt: the mail was handed over, and the answer did not come. It is never sent again by itself.
message-figures = Figures
message-person = Person
message-erased = Not kept any more
message-ended = Ended
message-people-empty = Nobody here
message-people-empty-text = No person belongs to this figure, or none you may see
message-figure-planned = Planned
message-figure-waiting = Waiting
message-figure-delivered = Delivered
message-figure-opened = Human opens
message-figure-machine-opened = Machine opens
message-figure-clicked = Clicked
message-figure-machine-clicked = Machine clicks
message-figure-unsubscribed = Unsubscribed
message-figure-responded = Responded
message-figure-silent = No response
message-figure-failed = Failed
message-figure-unknown = In doubt
message-figure-skipped = Held back
message-state-planned = Planned
message-state-leased = Being prepared
message-state-handed = On its way
message-state-accepted = Delivered
message-state-failed = Failed
message-state-unknown = In doubt
message-state-skipped = Held back
message-reason-gone = Contact deleted
message-reason-no-address = No usable address
message-reason-suppressed = Address suppressed
message-reason-no-consent = No consent for e-mail
message-reason-withdrawn = Consent withdrawn
message-reason-not-confirmed = Not confirmed by the person yet
message-reason-topic-refused = Topic refused
message-reason-paused = Paused by the person
message-reason-frequency = Wants mail less often
message-reason-own-quiet-hours = Quiet hours of their own, sent later
message-reason-same-person = Same address twice
message-reason-cap = Mail limit reached
message-reason-replaced = A more important mail goes first
message-reason-quiet-hours = Quiet hours, sent later
message-reason-merge-tag = A merge tag has no value
message-reason-cancelled = Cancelled
message-reason-round-closed = Round closed before
message-reason-in-doubt = The process ended while the mail was on its way
campaign-list = Campaigns
campaign-new = New campaign
campaign-edit = Edit
campaign-save = Save campaign
campaign-saved = { $name } is saved
campaign-empty = No campaigns yet
campaign-empty-text = A campaign sends one mail to everybody a rule describes
campaign-name = Name
campaign-state = State
campaign-created = Created
campaign-template = Template
campaign-state-draft = Draft
campaign-state-running = Sending
campaign-state-paused = Paused
campaign-state-finished = Sent
campaign-state-cancelled = Cancelled
campaign-about = To { $audience }, with { $template }, from { $from }
campaign-reach =
    { $count ->
        [one] It goes to one person as things stand
       *[other] It goes to { $count } people as things stand
    }
campaign-no-audience = The audience cannot be read. Edit the rule.
campaign-send-to =
    { $count ->
        [one] Send to one person
       *[other] Send to { $count } people
    }
campaign-send-ask =
    { $count ->
        [one] Send to one person?
       *[other] Send to { $count } people?
    }
campaign-send-text = Mails leave at once, within consent, caps and quiet hours.
campaign-cancel-ask = Cancel the campaign? { $count } mails will not be sent.
campaign-cancel-text = What is delivered stays delivered.
campaign-started =
    { $count ->
        [one] Sending to one person
       *[other] Sending to { $count } people
    }
campaign-paused = The campaign is paused
campaign-resumed = The campaign goes on
campaign-cancelled = The campaign is cancelled
campaign-progress = Progress
campaign-rate = Rate
campaign-rate-value = { $count }/min
campaign-started-at = Started
campaign-finished-at = Ended
push-funnel = Push funnel
push-funnel-list = Push funnels
push-funnel-new = New push funnel
push-funnel-draw = Draw
push-funnel-save = Save drawing
push-funnel-saved = { $name } is saved
push-funnel-empty = No push funnels yet
push-funnel-empty-text = A push funnel mails a large list, then only those who respond, and hands the few who are left to reps
push-funnel-state-draft = Draft
push-funnel-state-running = Running
push-funnel-state-paused = Paused
push-funnel-state-completed = Completed
push-funnel-state-cancelled = Cancelled
push-funnel-round-waiting = Waiting
push-funnel-round-sending = Sending
push-funnel-round-open = Awaiting responses
push-funnel-round-closed = Closed
push-funnel-about =
    { $count ->
        [one] one round, then reps. To { $audience }
       *[other] { $count } rounds, then reps. To { $audience }
    }
push-funnel-reach =
    { $count ->
        [one] Round 1 goes to one person as things stand
       *[other] Round 1 goes to { $count } people as things stand
    }
push-funnel-any-hour = Send at any hour
push-funnel-rounds = Rounds
push-funnel-round = Round { $number }
push-funnel-offer = Offer
push-funnel-wait = Time to respond
push-funnel-wait-hint = Such as 30m, 12h, 2d or 1w
push-funnel-respond = Goes on who
push-funnel-respond-clicked = clicks a link
push-funnel-respond-opened = opens the mail
push-funnel-respond-event = does something else
push-funnel-event = Event
push-funnel-event-hint = Only for “does something else”, such as form.submitted
push-funnel-error-wait = Write a time such as 30m, 12h, 2d or 1w
push-funnel-round-up = Move round { $number } up
push-funnel-round-down = Move round { $number } down
push-funnel-round-remove = Remove round { $number }
push-funnel-round-add = Add round
push-funnel-reps = Reps
push-funnel-reps-hint = Who takes those who are left, within holding limits, best first
push-funnel-reps-count =
    { $count ->
        [one] one rep
       *[other] { $count } reps
    }
push-funnel-reps-at-end = Reps at the end
push-funnel-no-reps = No reps are named; the survivors are shared out by the rules of sales
push-funnel-cap = Most for { $name }
push-funnel-run-to =
    { $count ->
        [one] Run with one person
       *[other] Run with { $count } people
    }
push-funnel-run-ask =
    { $count ->
        [one] Send round 1 to one person?
       *[other] Send round 1 to { $count } people?
    }
push-funnel-run-text = Later rounds go only to those who respond.
push-funnel-started =
    { $count ->
        [one] Round 1 goes to one person
       *[other] Round 1 goes to { $count } people
    }
push-funnel-pause = Pause all rounds
push-funnel-paused = All rounds are paused
push-funnel-resumed = The push funnel goes on
push-funnel-close-round = Close the round now
push-funnel-close-ask = Close the round now?
push-funnel-close-text = Who has not responded drops out. The next round begins at once.
push-funnel-round-was-closed = The round is closed
push-funnel-cancel-ask = Cancel the push funnel?
push-funnel-cancel-text = Nobody else is mailed and nobody is handed over.
push-funnel-cancelled = The push funnel is cancelled
push-funnel-error-no-round = Draw at least one round first.
push-funnel-sent = Sent, all rounds
push-funnel-survivors = Left at the end
push-funnel-with-reps = With reps
push-funnel-without-rep = Wait for a free place
push-funnel-of = of { $count }
push-funnel-of-sent = of { $count } sent
push-funnel-of-handed = of { $count } handed over
push-funnel-legend = pale: plan, solid: done so far; height on a log scale
push-funnel-no-machines = machine opens never move anyone on
push-funnel-drawing = The rounds from the first to the last, each narrower than the one before
push-funnel-show-people = show people
push-funnel-rate = { $percent } respond
push-funnel-split = Of { $delivered } delivered: { $human } human opens, { $machine } machine opens
push-funnel-goes-on-clicked = Goes on: a click within { $wait }
push-funnel-goes-on-opened = Goes on: a human open within { $wait }
push-funnel-goes-on-event = Goes on: { $event } within { $wait }
push-funnel-closes = Closes
push-funnel-later = when all is sent
push-funnel-best-first = Best score first, to the rep with room
push-funnel-best-first-text = Within each holding limit, with the story and what to say
push-funnel-held-back = Held back before round 1
push-funnel-held-back-text = Every person is listed with the reason
suppression-list = Suppressed addresses
suppression-intro = These addresses get no mail, whoever asks.
suppression-search = Find an address
suppression-add = Add address
suppression-email = Address
suppression-note = Note
suppression-reason = Reason
suppression-since = Since
suppression-empty = No suppressed addresses
suppression-empty-text = Who unsubscribes or does not exist comes here by itself
suppression-added = { $email } gets no more mail
suppression-known = { $email } is on the list already
suppression-remove = Take off
suppression-remove-ask = Take { $email } off the list?
suppression-remove-text = The address may get mail again. A withdrawn consent still holds.
suppression-removed = { $email } is off the list
suppression-reason-unsubscribed = Unsubscribed
suppression-reason-bounced = Bounced
suppression-reason-complained = Complained
suppression-reason-manual = Entered by staff
sender-title = Sender and DKIM
sender-intro = Mail from { $address } is signed when its key is published in the DNS of its domain.
sender-key = { $kind } key
sender-no-key = No key yet
sender-dns = Publish this TXT record
sender-generate = Make key
sender-renew = Make a new key
sender-renew-ask = Replace the key?
sender-renew-text = Mails are signed with the new key at once. Publish its record first thing.
sender-made = The key is made. Publish its record in the DNS.
mailbox-list = Built-in mailbox
mailbox-intro = Mail kept on this machine by the demo and trials. Nothing here has left it.
mailbox-to = To
mailbox-from = From
mailbox-received = Received
mailbox-empty = No mail yet
mailbox-empty-text = Mails appear here when the built-in mailbox is the relay
mailbox-no-subject = No subject
mailbox-html = The mail as sent
mailbox-details = Details
mailbox-links = Links
mailbox-no-links = No links
mailbox-headers = Headers ({ $count })

## Erasing a person

erased-sends = Mails sent and planned
erased-suppressions = Address: only a fingerprint stays
erased-push_handed = Hand-overs of push funnels

### The preference page

prefer-title = Your mail preferences
prefer-instead = Choose topics, frequency or a pause instead
prefer-for = What { $email } gets from us.
prefer-saved = Saved. It holds from now on.
prefer-stopped = Mail to this address is stopped at present for another reason. Ask us to let it through again.
prefer-mail = Mail
prefer-mail-yes = Send me mail
prefer-mail-no = No more mail at all
prefer-topics = About
prefer-frequency = How often
prefer-frequency-every = Every mail that is meant for me
prefer-frequency-weekly = At most one a week
prefer-frequency-monthly = At most one a month
prefer-pause = Pause
prefer-pause-none = No pause
prefer-pause-until = Paused until { $date }
prefer-pause-days = { $count ->
    [one] For { $count } day from today
   *[other] For { $count } days from today
  }
prefer-quiet = Quiet hours
prefer-quiet-from = From
prefer-quiet-to = To
prefer-quiet-none = None
prefer-quiet-wrong = Two different hours are needed, or none.
prefer-zone = Time zone
prefer-language = Language
prefer-save = Save
prefer-kept = We keep what you choose, when, and the words on this page. Mail you ask for yourself, such as an answer, comes in any case.

### Double opt-in

interact-setting-double-opt-in = Ask people to confirm that they want mail
interact-setting-double-opt-in-hint = Who is signed up by a program gets one mail with a button; marketing mail waits for it.
interact-setting-double-opt-in-days = Days a confirmation link holds
interact-setting-double-opt-in-days-hint = After that the person signs up again.
interact-setting-double-opt-in-subject = Subject of the confirmation mail
interact-setting-double-opt-in-subject-hint = Empty: Attune's own, in the person's language.
interact-setting-double-opt-in-text = Text of the confirmation mail
interact-setting-double-opt-in-text-hint = The link stands beneath it. Empty: Attune's own, in the person's language.
opt-in-title = Confirm that you want mail
opt-in-ask = You asked for mail to { $email }.
opt-in-button = Yes, send me mail
opt-in-done = Confirmed. You get our mail from now on.
opt-in-over = This link no longer holds. Sign up again if you still want mail.
opt-in-suppressed = This address is on the suppression list: it bounced, complained or was entered by hand. Take it off the list first.
opt-in-too-often = This person was asked three times in a day; wait before asking again.
opt-in-no-address = This contact has no address to ask.
interact-storage-sends = Who got which mail
interact-storage-sends-hint = Sends, opens, clicks and their lines on timelines, at least 180 days. The figures of campaigns and push funnels stay, and so does every no with the number of its mail as proof; links in older mails no longer lead to the person.
