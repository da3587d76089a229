using Espalier.Evaluation.Conversations;
using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Judges;

/// <summary>A model of this machine as the judge, greedily.</summary>
/// <param name="name">What it is called.</param>
/// <param name="hash">Hash of its folder.</param>
/// <param name="positions">Its positions: half of them at most are for the reply.</param>
/// <param name="generations">The model; loaded when it is first asked.</param>
/// <param name="form">How a conversation is written for it.</param>
internal sealed class LocalJudge(string name, string hash, int positions, Func<Generations> generations, ConversationForm form) : IJudge
{
    private readonly int _maxTokens = Math.Max(1, Math.Min(EndpointJudge.MaxTokens, positions / 2));

    public string Name => name;

    public string Identity => $"{hash}\0{_maxTokens}\0{form.Identity}";

    public void Ask(IReadOnlyList<IReadOnlyList<Message>> questions, Action<int, JudgeReply> answered, CancellationToken stop) =>
        generations().Run(
            [.. questions.Select((question, i) => new GenerationRequest(form.Prompt(question), $"the judge's question {i + 1}"))],
            form.Stops, _maxTokens, (place, made) => answered(place, made.Cut == 0 ? new(made.Text)
                // What is cut is what the judge is asked to do.
                : new(null, $"the question is {made.Cut} tokens too long for the judge's {positions} positions and a reply")),
            stop: stop);
}
