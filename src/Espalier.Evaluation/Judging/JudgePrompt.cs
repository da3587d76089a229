using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Judging;

/// <summary>What a judge is asked, with fields for the question and its answers.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="System">What is said before it.</param>
internal sealed record JudgePrompt(string Name, string System, Template Text)
{
    /// <summary>The conversation that a judge answers.</summary>
    /// <exception cref="EspalierException">The text has a field that no question has.</exception>
    public IReadOnlyList<Message> Fill(Dictionary<string, string> fields) =>
    [
        Message.OfSystem(System),
        Message.OfUser(Text.Fill(new TaskDocument(
            JsonSerializer.SerializeToElement(fields, PlainJson.Of<Dictionary<string, string>>()), $"the judge's prompt {Name}", 0))),
    ];
}

/// <summary>
/// The prompts of a judge by their names, as FastChat has them (fastchat/llm_judge/data/judge_prompts.jsonl): of one answer and of two, of
/// the first turn and of the second with its history, with a reference answer and without.
/// </summary>
internal sealed class JudgePrompts
{
    private const string SecondTurn = "-multi-turn";

    private readonly Dictionary<string, JudgePrompt> _prompts = new(StringComparer.Ordinal);
    private readonly string _source;

    private JudgePrompts(string source) => _source = source;

    /// <summary>Reads JSON Lines of name, system_prompt and prompt_template.</summary>
    /// <exception cref="EspalierException">The file cannot be read, or a line lacks one of them; file and line are named.</exception>
    public static JudgePrompts Read(string path)
    {
        var prompts = new JudgePrompts(path);
        foreach (var line in TaskDocuments.Read(path, columns: null))
        {
            var prompt = new JudgePrompt(line.Text(["name"]), line.Text(["system_prompt"]),
                Template.Parse(line.Text(["prompt_template"]), $"{line.Place}: prompt_template"));
            if (!prompts._prompts.TryAdd(prompt.Name, prompt))
                throw new EspalierException($"{line.Place}: the prompt {prompt.Name} appears twice");
        }
        return prompts;
    }

    /// <summary>The prompt for a grade of one answer.</summary>
    /// <param name="turn">The turn, from 0.</param>
    /// <param name="hasReference">Whether the judge sees a reference answer.</param>
    public JudgePrompt Single(int turn, bool hasReference) => Find((hasReference ? "single-math-v1" : "single-v1") + Ending(turn));

    /// <summary>The prompt for the better one of two answers.</summary>
    /// <param name="turn">The turn, from 0.</param>
    /// <param name="hasReference">Whether the judge sees a reference answer.</param>
    public JudgePrompt Pair(int turn, bool hasReference) => Find((hasReference ? "pair-math-v1" : "pair-v2") + Ending(turn));

    private static string Ending(int turn) => turn == 0 ? "" : SecondTurn;

    private JudgePrompt Find(string name) => _prompts.TryGetValue(name, out var prompt) ? prompt
        : throw new EspalierException($"{_source}: has no prompt {name}; there are {string.Join(", ", _prompts.Keys)}");
}
