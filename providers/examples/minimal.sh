#!/bin/sh
# A whole provider for Vox: it tells how long a recording is, and buzzes instead of speaking. Put your engine there.
# Only POSIX tools are used, and base64. Vox writes one JSON object a line, simple enough for sed; a provider that takes
# text to heart should rather use jq.

field() { # field NAME: the value of a string field of the request
    printf '%s\n' "$line" | sed -nE 's/.*"'"$1"'" *: *"(([^"\\]|\\.)*)".*/\1/p'
}

answer() { # answer RESULT-OR-ERROR
    printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$id" "$1"
}

refuse() { # refuse MESSAGE CODE: the code tells Vox, and its client, what is wrong
    answer "\"error\":{\"code\":-32000,\"message\":\"$1\",\"data\":{\"code\":\"$2\"}}"
}

transcribe() {
    if [ "$(field modelId)" != "minimal-sh:v1" ]; then
        refuse 'no such model' model_not_found
    elif size=$(wc -c <"$(field path)"); then
        tenths=$(((size - 44) / 3200)) # Vox sends 16 kHz mono 16-bit WAV files
        text="A recording of $((tenths / 10)).$((tenths % 10)) seconds."
        answer "\"result\":{\"modelId\":\"minimal-sh:v1\",\"text\":\"$text\",\"elapsedMs\":1,\"metrics\":{\"inferenceMs\":1,\"totalMs\":1}}"
    else
        refuse 'cannot read the recording' unsupported_audio
    fi
}

synthesize() {
    voice=$(field voiceId)
    if [ "$(field modelId)" != "minimal-sh-tts:v1" ]; then
        refuse 'no such model' model_not_found
    elif [ "${voice:-buzz}" != buzz ]; then
        refuse 'the only voice is buzz' voice_not_found
    else
        text=$(field input)
        audio=$(buzz $((${#text} * 10)) | base64 | tr -d '\n') # a twentieth of a second for each character
        answer "\"result\":{\"modelId\":\"minimal-sh-tts:v1\",\"voiceId\":\"buzz\",\"format\":\"wav\",\"contentType\":\"audio/wav\",\"audioBase64\":\"$audio\",\"elapsedMs\":1,\"metrics\":{\"synthesisMs\":1,\"totalMs\":1}}"
    fi
}

number() { # number N: 32 bits, little-endian
    printf "$(printf '\\%03o\\%03o\\%03o\\%03o' \
        $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"
}

buzz() { # buzz PERIODS: a WAV file, 8 kHz, 8 bits, a square wave of 200 Hz
    size=$(($1 * 40))
    printf 'RIFF'; number $((36 + size)); printf 'WAVEfmt '; number 16; printf '\001\000\001\000'
    number 8000; number 8000; printf '\001\000\010\000data'; number $size
    period=$(head -c 20 /dev/zero | tr '\0' '`'; head -c 20 /dev/zero | tr '\0' '~')
    i=0
    while [ $i -lt "$1" ]; do printf '%s' "$period"; i=$((i + 1)); done
}

while read -r line; do
    id=$(printf '%s\n' "$line" | sed -nE 's/.*"id" *: *([0-9]+).*/\1/p')
    [ -n "$id" ] || continue # a notification wants no answer
    case $(field method) in
    models) answer '"result":{"models":[{"id":"minimal-sh:v1","name":"minimal-sh listener","kind":"asr"},{"id":"minimal-sh-tts:v1","name":"minimal-sh speaker","kind":"tts"}]}' ;;
    transcribe) transcribe ;;
    voices) answer '"result":{"voices":[{"id":"buzz","name":"Buzz","modelId":"minimal-sh-tts:v1","default":true}]}' ;;
    synthesize) synthesize ;;
    *) answer '"error":{"code":-32601,"message":"no such method"}' ;;
    esac
done
