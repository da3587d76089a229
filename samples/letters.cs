#:project ../src/Espalier.Pipeline/Espalier.Pipeline.csproj

// Writes samples/letters.jsonl and samples/letter-pairs.jsonl, small sets for trying out espalier align, and the questions of the
// benchmark tasks/letters, which ask in words that the sets do not have:
//   dotnet run -c Release samples/letters.cs
// Questions about the order of letters, all answered in one form; and pairs, of which the answer in that form is preferred to
// another one. What an answer says can be checked by anyone.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
string[] after = ["Which letter comes after {0}?", "What follows {0} in the alphabet?", "Name the letter after {0}.", "{0} and then?"];
string[] before = ["Which letter comes before {0}?", "What stands before {0} in the alphabet?", "Name the letter before {0}."];
string[] asked = ["Please say which letter comes after {0}.", "Tell me: what follows {0}?"];
string[] askedBefore = ["Please say which letter comes before {0}.", "Tell me: what stands before {0}?"];
var (lines, pairs, questions) = (new List<JsonObject>(), new List<JsonObject>(), new List<JsonObject>());
for (var letter = 'a'; letter <= 'z'; letter++)
{
    if (letter < 'z')
        foreach (var form in after)
            lines.Add(Conversation((string.Format(form, letter), After(letter))));
    if (letter > 'a')
        foreach (var form in before)
            lines.Add(Conversation((string.Format(form, letter), Before(letter))));
    foreach (var form in letter < 'z' ? asked : [])
        questions.Add(new() { ["question"] = string.Format(form, letter), ["answer"] = After(letter) });
    foreach (var form in letter > 'a' ? askedBefore : [])
        questions.Add(new() { ["question"] = string.Format(form, letter), ["answer"] = Before(letter) });
    foreach (var form in letter < 'z' ? after : [])
        pairs.Add(Pair(string.Format(form, letter), After(letter), $"{(char)(letter + 1)}", 0.5));
    foreach (var form in letter > 'a' ? before : [])
        pairs.Add(Pair(string.Format(form, letter), Before(letter), $"After {letter} comes {letter}.", -1));
    if (letter is > 'a' and < 'z')
    {
        lines.Add(Conversation((string.Format(after[0], letter), After(letter)), (string.Format(before[0], letter), Before(letter))));
        // The two other shapes that people have.
        lines.Add(new() { ["prompt"] = string.Format(after[1], letter), ["completion"] = After(letter) });
        lines.Add(new()
        {
            ["conversations"] = new JsonArray(
                new JsonObject { ["from"] = "human", ["value"] = string.Format(before[1], letter) },
                new JsonObject { ["from"] = "gpt", ["value"] = Before(letter) }),
        });
    }
}
Write("samples/letters.jsonl", lines);
Write("samples/letter-pairs.jsonl", pairs);
Write("tasks/letters/letters.jsonl", questions);

void Write(string path, IEnumerable<JsonObject> records) =>
    File.WriteAllText(path, string.Concat(records.Select(record => record.ToJsonString(options) + "\n")), new UTF8Encoding(false));

static JsonObject Pair(string asked, string chosen, string rejected, double reward) => new()
{
    ["prompt"] = asked,
    ["chosen"] = chosen,
    ["rejected"] = rejected,
    ["chosen_reward"] = 2,
    ["rejected_reward"] = reward,
};

static string After(char letter) => $"After {letter} comes {(char)(letter + 1)}.";

static string Before(char letter) => $"Before {letter} comes {(char)(letter - 1)}.";

static JsonObject Conversation(params (string Asked, string Answer)[] turns) => new()
{
    ["messages"] = new JsonArray([.. turns.SelectMany(turn => new[]
    {
        (JsonNode)new JsonObject { ["role"] = "user", ["content"] = turn.Asked },
        new JsonObject { ["role"] = "assistant", ["content"] = turn.Answer },
    })]),
};
