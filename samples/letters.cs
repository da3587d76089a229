#:project ../src/Espalier.Pipeline/Espalier.Pipeline.csproj

// Writes samples/letters.jsonl, a small set of conversations for trying out espalier align:
//   dotnet run -c Release samples/letters.cs
// Questions about the order of letters, all answered in one form. What an answer says can be checked by anyone.
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

var options = new JsonSerializerOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
string[] after = ["Which letter comes after {0}?", "What follows {0} in the alphabet?", "Name the letter after {0}.", "{0} and then?"];
string[] before = ["Which letter comes before {0}?", "What stands before {0} in the alphabet?", "Name the letter before {0}."];
var lines = new List<JsonObject>();
for (var letter = 'a'; letter <= 'z'; letter++)
{
    if (letter < 'z')
        foreach (var form in after)
            lines.Add(Conversation((string.Format(form, letter), After(letter))));
    if (letter > 'a')
        foreach (var form in before)
            lines.Add(Conversation((string.Format(form, letter), Before(letter))));
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
File.WriteAllText("samples/letters.jsonl", string.Concat(lines.Select(line => line.ToJsonString(options) + "\n")), new UTF8Encoding(false));

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
