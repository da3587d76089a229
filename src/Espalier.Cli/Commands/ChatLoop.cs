using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Espalier.Files;
using Espalier.Models.Chat;

namespace Espalier.Cli.Commands;

/// <summary>
/// Reads lines and answers them, until the end of the input or <c>/exit</c>. Ctrl-C ends an answer and not the program. Answers go to
/// stdout as they come, all else to stderr.
/// </summary>
/// <param name="run">The command's streams.</param>
/// <param name="session">The conversation.</param>
internal sealed class ChatLoop(CommandRun run, ChatSession session)
{
    private static readonly string[] s_names = ["/help", "/exit", "/reset", "/system", "/save"];

    private readonly List<ChatAnswerReport> _answers = [];
    private CancellationTokenSource? _answering;

    /// <summary>Talks; returns what each answer took.</summary>
    public IReadOnlyList<ChatAnswerReport> Run()
    {
        var (input, isTyped) = (run.Terminal.Input, run.Terminal.InputIsTerminal);
        run.Interruption?.Instead(() =>
        {
            if (Volatile.Read(ref _answering) is { } answering)
                answering.Cancel();
            else
                run.Terminal.Error.WriteLine("\n/exit or Ctrl-D leaves");
        });
        if (isTyped)
            run.Terminal.Error.WriteLine("/help lists what can be said; /exit or Ctrl-D leaves; Ctrl-C ends an answer");
        while (!run.Cancellation.IsCancellationRequested)
        {
            if (isTyped)
            {
                run.Terminal.Error.Write("> ");
                run.Terminal.Error.Flush();
            }
            if (input.ReadLine() is not { } line || line.Trim() == "/exit")
                break;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                if (line.StartsWith('/') && !line.StartsWith("//", StringComparison.Ordinal))
                    Obey(line.Trim());
                else
                    Answer(line.StartsWith('/') ? line[1..] : line);
            }
            // What was wrong with a line does not end the conversation.
            catch (EspalierException error)
            {
                run.Progress.Warn(error.Message);
            }
        }
        run.Cancellation.ThrowIfCancellationRequested();
        return _answers;
    }

    private void Answer(string text)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        Volatile.Write(ref _answering, stop);
        ChatAnswer answer;
        try
        {
            answer = session.Ask(text, piece =>
            {
                if (run.Json)
                    return;
                run.Terminal.Output.Write(piece);
                run.Terminal.Output.Flush();
            }, stop.Token);
        }
        finally
        {
            Volatile.Write(ref _answering, null);
        }
        if (!run.Json)
            run.Terminal.Output.WriteLine();
        _answers.Add(ChatAnswerReport.Of(answer));
        if (answer.DroppedMessages > 0)
            run.Progress.Note($"the context is full: the oldest {Units.Counted(answer.DroppedMessages, "message")} left out");
        if (answer.StoppedBy is "max-tokens" or "context" or "interrupted")
            run.Progress.Note(answer.StoppedBy switch
            {
                "max-tokens" => "the answer was cut by --max-tokens",
                "context" => "the answer was cut: the context is full",
                _ => "the answer was interrupted",
            });
    }

    private void Obey(string line)
    {
        var (name, rest) = line.IndexOf(' ', StringComparison.Ordinal) is >= 0 and var blank ? (line[..blank], line[blank..].Trim())
            : (line, "");
        switch (name)
        {
            case "/help":
                run.Terminal.Error.WriteLine("/system TEXT   what the system says before the conversation; without TEXT nothing\n"
                    + "/reset         forget the conversation, but for the system's message\n"
                    + "/save FILE     write the conversation as a line of JSON (messages), as align and synthesize read it\n"
                    + "/exit          leave\n"
                    + "//TEXT         a message that begins with /");
                break;
            case "/reset":
                session.Reset();
                run.Progress.Note("the conversation begins anew");
                break;
            case "/system":
                session.System = rest.Length > 0 ? rest : null;
                run.Progress.Note(rest.Length > 0 ? "the system's message is another one" : "the system says nothing");
                break;
            case "/save":
                Save(rest);
                break;
            default:
                throw new EspalierException($"there is no {OneLine.Clipped(name)}.{NearestName.Hint(name, s_names)} /help lists them");
        }
    }

    private void Save(string file)
    {
        if (file.Length == 0)
            throw new EspalierException("/save: name a file");
        OutputGuard.RequireReplaceable($"/save {file}", file, "a conversation that was saved before", IsSaved);
        var line = new JsonObject { ["messages"] = new JsonArray([.. session.Messages.Select(message => message.Fields.DeepClone())]) };
        DurableOutput.WriteText(file, $"{line.ToJsonString(s_readable)}\n");
        run.Progress.Note(string.Create(CultureInfo.InvariantCulture, $"{Units.Counted(session.Messages.Count, "message")} in {file}"));
    }

    private static readonly JsonSerializerOptions s_readable = new()
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver(),
    };

    private static bool IsSaved(string file)
    {
        const string beginning = "{\"messages\":[";
        using var reader = new StreamReader(file);
        var head = new char[beginning.Length];
        return reader.ReadBlock(head) == head.Length && new string(head) == beginning;
    }
}

/// <summary>What <c>chat --json</c> prints at the end.</summary>
/// <param name="Messages">The conversation, with role and content.</param>
/// <param name="Answers">What each answer took.</param>
internal sealed record ChatReport(IReadOnlyList<JsonObject> Messages, IReadOnlyList<ChatAnswerReport> Answers);

/// <summary>What an answer took.</summary>
/// <param name="PromptTokens">Tokens of the conversation up to it.</param>
/// <param name="ReusedTokens">Those whose keys and values were there from the turn before.</param>
/// <param name="Tokens">Tokens of the answer.</param>
/// <param name="StoppedBy">eos, stop, max-tokens, context or interrupted.</param>
/// <param name="DroppedMessages">Messages that were left out to make room.</param>
internal sealed record ChatAnswerReport(int PromptTokens, int ReusedTokens, int Tokens, string StoppedBy, int DroppedMessages)
{
    internal static ChatAnswerReport Of(ChatAnswer answer) => new(
        answer.PromptTokens, answer.ReusedTokens, answer.Tokens, answer.StoppedBy, answer.DroppedMessages);
}
