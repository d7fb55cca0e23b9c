"""The words by which names of tables and columns tell what they are about."""

from __future__ import annotations


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


SELF = _set(
    """
    user account person people profile member subscriber customer participant username userid localpart
    login uname luser ghost employee occupant contact puppet our self
    """
)
ADDRESS = _set("jid mxid phone mobile cellphone telephone msisdn email mail e164 lid pn")
SENDER = _set(
    """
    sender from source src author creator poster writer originator caller publisher submitter uploader
    correspondent signer
    """
)
RECIPIENT = _set(
    """
    recipient recip receiver destination dest dst to rcpt addressee callee assignee target invitee invited
    mentioned
    """
)
OTHER = _set(
    """
    actor other peer their friend buddy partner with blocker blocked ignorer ignored muted muter follower
    followee followed following reported inviter
    referrer invitor interlocutor requester requestor reporter resolver owner executor
    admin mod moderator approver quarantiner editor agent responder initiator watcher presentity who whom
    affiliated sponsor recruiter
    viewer voter reader attendee
    """
)
WEAK = _set(
    """
    from source src originator to destination dest target with owner our their other peer agent actor
    admin mod moderator contact editor login lid pn mail caller callee customer publisher partner
    participant member executor creator requester assignee approver resolver reporter responder
    initiator submitter uploader profile dst address who whom for interlocutor
    """
)
"""Words that name people in a messenger and machines elsewhere: alone they are a hint."""
GROUP = _set(
    """
    room channel chat conversation group thread topic stream dialog dialogue team guild community huddle
    space forum portal muc inbox node roster circle meeting call grp conference mailbox aspect
    discussion messageboard
    """
)
VAGUE_GROUP = _set("topic stream node space call roster portal mailbox aspect")
"""Words that name what people share only where a table of it stands in the database."""
MESSAGE = _set(
    """
    message msg post event comment reply note dm sms stanza archive spool offline mail letter envelope
    toot tweet status conversationlog publication story question answer poll wall
    """
)
DEVICE = _set("device installation credential handset terminal")
ACCOUNTS = _set("account network session identity client connection number mailbox persona")
"""What one person has and is known by elsewhere."""
CONTENT = _set(
    """
    content body text txt xml stanza payload data ciphertext plaintext html message msg json vector
    subject value encrypted headered note comment envelope post
    """
)
WHOLE = _set("xml stanza json raw mime rfc822 headers envelope")
"""A value that is a whole message, head and all."""
PROTOCOLS = _set("sip xmpp smtp mime irc")
"""In tables named by one of them, a message is whole as well."""
WAITING = _set("inbox outbox spool offline queue pending mailbox push notification staging delivery")
"""Tables whose one person is whom something waits for."""
NETWORK = _set("ip ipaddress ipaddr remoteaddress useragent")
PUSH = _set("push token pushkey useragent agent device fcm apns platform")
TIME = _set(
    """
    at ts time timestamp date when seen created updated deleted expires expiry seconds usec joined
    logtime last creation modification creationdate modificationdate
    """
)
CALLING = _set("caller callee agent")
CALL = _set("call cdr dialog")
"""In tables of calls the words above name people."""
TITLED = _set("topic thread discussion")
"""What somebody opens with a title, and others write in."""
HANDED = _set("assigned sent shared addressed delegated forwarded given")
"""Before to: to whom a thing went."""
BOOKED = _set(
    """
    updated modified edited changed archived approved reviewed deleted locked completed closed disabled
    finished claimed picked reserved processed updater updator modifier
    """
)
"""Before by: who kept the books, and nobody whom the row is about."""
SETTING = _set("default cached old previous utm of meta billing support technical custom provider external")
"""Before a word for people: a setting, a copy of a name, a kind."""
WRITTEN = _set("message msg reply comment post toot tweet")
"""Tables called by such a word alone hold messages, wherever the text of them stands."""
VAGUE_MESSAGE = _set("event status archive offline letter")
"""Tables of that name hold messages where content, a sender or a group stands in them."""
FLAGS = _set("blocked ignored muted invited mentioned followed reported")
"""What a number or boolean of that name says of its row, and a reference says of a person."""
BESIDE_USER = _set(
    """
    actor action contact acting referred modified affected invited inviting second parent child spouse
    sibling manager mentor sponsor guardian supervisor subject
    """
)
"""Before user: somebody else than whom the row is about."""
FACED = _set("peer interlocutor")
"""Whom a person talks to, be it a person or a group by the type beside it."""
FOR_WHOM = _set("deleted hidden cleared archived pinned starred removed visible addressed")
"""Before for: to whom a message or group is shown or not."""
REACHED = _set("jid mxid phone msisdn e164")
"""By what an account elsewhere is reached: companies have a mail address as well."""
NAMES = frozenset((("name",), ("nick",), ("nickname",), ("handle",), ("alias",), ("display", "name")))
"""Columns under whose value a person is known to others."""
TITLES = _set("title subject headline description body content text caption")
PUBLISHED = _set("post comment reply note status toot tweet story thread publication question answer")
"""Whoever such a message is of has written it."""
REACTING = _set(
    """
    like reaction vote favourite favorite bookmark reblog boost reshare mention participation star upvote
    kudo kudos
    """
)
"""Last words of tables that say who did what to a message, of whatever kind that is."""
BELONGING = _set("participant member membership affiliation occupant attendee leader moderator")
ABOUT = _set("subscription rating read view follow watch")
"""After a word for groups or messages: who has what to do with which."""
NOT_STEMS = _set(
    """
    valid date time active effective start end price range age amount version port zip page period visible
    available week day hour since converted currency unit state status step upgraded moved renamed migrated
    derived redirected reply in up down
    """
)
"""Before from and to, where they mean no people."""
PLAIN_ADDRESS = _set("jid mxid phone msisdn e164 email")
"""What people alone have: `our_jid` is no weak name, as `our` is."""
LOCATORS = _set("uri addr address aor")
"""By what a sender or recipient is reached, where the word before says who it is."""
ALIASES = _set("user username userid uname login localpart account luser uid")
"""Words of which two in one row, without a mark, are two names of one person."""
LOGINS = _set("in out smtp imap pop pop3 proxy sasl auth ldap db server bind")
"""Before a user name: the one by which a program logs in elsewhere."""
AMOUNTS = _set("per max limit count")
"""Before a word for people: how many of them."""
RELATING = _set("ignore block mute follow friend contact buddy roster phonebook stoplist blacklist")
"""What a table and a document of it are named by that hold one person's contacts."""
DIRECTION = _set("source src destination dest dst target to")
"""Words that name a person only where the opposite direction stands in the row too."""
THINGS = _set(
    """
    order folder filter layer trigger tracker container cluster worker adapter handler header parameter
    provider router browser identifier number paper chapter letter banner poster sticker trailer register
    server printer scanner computer counter meter monitor sensor connector vector color colour factor error
    editor descriptor indicator operator processor generator iterator validator selector floor door motor
    reactor committee fee tree degree trustee dealer carrier tier transfer offer buffer chunker border corner
    power tower water river timer tender voucher ledger purchaser exporter importer loader manager launcher
    driver wrapper user member
    """
)
"""Words that end as words for people do and mean things."""
NOT_PEOPLE = DEVICE | _set("config app service api machine gateway server client bot job system")
SENT = _set("sent posted written created authored published submitted uploaded started opened")
IDENTIFIER = _set("id ids uuid uid guid nid mid idnr identifier pk fk idx number num no name uuids")
ORDINALS = _set("a b one two first second low high left right")
"""What tells two people of one word apart: user_a and user_b."""
QUALIFIERS = _set("full bare local remote other is the my own")
PLAIN = _set(
    """
    a add admin affiliation agg aggregate alias all api app application attachment audit auth avatar ban
    batch block bot by cache category change chat code conf config confirmation connection count create
    current custom data default del delete delivery description digest display domain down draft edit
    emoji endpoint entity error etag expire extra fail feature file filter first flag follow forward
    func global graph has hash history hook icon id image index info instance invite invitation is item
    job join key kind label language last leave level like link list local location log media member
    membership memory mention meta metadata method migration mode muted nick nickname node number of
    offset old online option order page parent password path pending permission pin policy position
    preference prekey presence preset prev priority private prop property public push queue rank rate
    reaction read reason recent receipt recv redaction register registered relation relationship report
    request reset resource retention role root rule schedule scheme score scope search seq sequence
    serial server service session setting share sidebar size sort sr stat state stats storage store sub
    subscription sync system tag task temp template tenant term title token total tree trust type unread
    up update upload url usage valid value vcard version view vote web webhook work worker workspace
    lookup muc pubsub ext prefix usec creationdate modificationdate access grant hosts tags usertag
    for deleted hidden cleared archived pinned starred removed visible
    status auto issued granted banned added done notified
    """
)
AT_WORK = _set(
    """
    owner actor admin mod moderator approver reviewer creator editor executor assignee resolver requester
    created updated approved deleted modified locked changed managed reviewed resolved cancelled acting
    """
)
"""Words for who has to do with a thing: people at work, unless messages stand in the database."""
NO_ENTITY = _set(
    """
    membership member participant subscription status setting session token key activity presence topic
    history log state report read receipt reaction mention link relation relationship request
    """
)
"""Last words of tables whose rows are about a person or a message and are none."""
KNOWN = (
    SELF
    | ADDRESS
    | SENDER
    | RECIPIENT
    | OTHER
    | GROUP
    | MESSAGE
    | DEVICE
    | CONTENT
    | WHOLE
    | WAITING
    | NETWORK
    | PUSH
    | TIME
    | SENT
    | LOCATORS
    | REACTING
    | BELONGING
    | ABOUT
    | IDENTIFIER
    | PLAIN
)
