"""Names of languages: OpenAI's API is asked with a code and answers with a name.

The names are the ones of Whisper's published list, in lower case; the codes are ISO 639.
"""

import re

__all__ = ["code_of", "name_of"]

_NAMES: dict[str, str] = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
        af=afrikaans am=amharic ar=arabic as=assamese az=azerbaijani ba=bashkir be=belarusian bg=bulgarian bn=bengali
        bo=tibetan br=breton bs=bosnian ca=catalan cs=czech cy=welsh da=danish de=german el=greek en=english es=spanish
        et=estonian eu=basque fa=persian fi=finnish fo=faroese fr=french gl=galician gu=gujarati ha=hausa haw=hawaiian
        he=hebrew hi=hindi hr=croatian ht=haitian_creole hu=hungarian hy=armenian id=indonesian is=icelandic it=italian
        ja=japanese jw=javanese ka=georgian kk=kazakh km=khmer kn=kannada ko=korean la=latin lb=luxembourgish ln=lingala
        lo=lao lt=lithuanian lv=latvian mg=malagasy mi=maori mk=macedonian ml=malayalam mn=mongolian mr=marathi ms=malay
        mt=maltese my=myanmar ne=nepali nl=dutch nn=nynorsk no=norwegian oc=occitan pa=punjabi pl=polish ps=pashto
        pt=portuguese ro=romanian ru=russian sa=sanskrit sd=sindhi si=sinhala sk=slovak sl=slovenian sn=shona so=somali
        sq=albanian sr=serbian su=sundanese sv=swedish sw=swahili ta=tamil te=telugu tg=tajik th=thai tk=turkmen
        tl=tagalog tr=turkish tt=tatar uk=ukrainian ur=urdu uz=uzbek vi=vietnamese yi=yiddish yo=yoruba yue=cantonese
        zh=chinese
        """,
    )
)
_CODES = {name.replace("_", " "): code for code, name in _NAMES.items()}


def name_of(code: str | None) -> str:
    """The name of a language; what has none here is its own, and no language at all is empty."""
    name = _NAMES.get((code or "").lower().partition("-")[0], code or "")
    return name.replace("_", " ")


def code_of(named: str | None) -> str | None:
    """The code of a language that was named by its code or by its name."""
    return _CODES.get((named or "").strip().lower(), named)
