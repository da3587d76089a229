using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Models.Chat;

namespace Espalier.Cli.Commands.Answering;

/// <summary>
/// Reads lines and answers them, until the end of the input or <c>/exit</c>. Ctrl-C ends an answer and not the program. Answers go to
/// stdout as they come, all else to stderr.
/// </summary>
/// <param name="run">The command's streams.</param>
/// <param name="session">The conversation.</param>
/// <param name="model">What a saved conversation may not touch.</param>
internal sealed class ChatLoop(CommandRun run, ChatSession session, ReadPlace model)
{
    private static readonly string[] s_names = ["/help", "/exit", "/reset", "/system", "/save"];

    private readonly List<ChatAnswerReport> _answers = [];
    private CancellationTokenSource? _answering;

    /// <summary>Talks; returns what each answer took.</summary>
    /// <exception cref="OperationCanceledException">A signal ended the program.</exception>
    public IReadOnlyList<ChatAnswerReport> Run()
    {
        run.Interruption?.Instead(IsHeard);
        if (run.Terminal.InputIsTerminal)
            run.Terminal.Error.WriteLine("/help lists the commands; /exit or Ctrl-D quits; Ctrl-C stops an answer");
        while (Line() is { } line && line.Trim() != "/exit")
        {
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
        return _answers;
    }

    // A signal that ends the program is heard while a line is waited for.
    private string? Line()
    {
        if (run.Terminal.InputIsTerminal)
        {
            run.Terminal.Error.Write("> ");
            run.Terminal.Error.Flush();
        }
        run.Cancellation.ThrowIfCancellationRequested();
        return Task.Run(run.Terminal.Input.ReadLine).WaitAsync(run.Cancellation).GetAwaiter().GetResult();
    }

    // Who types has other ways to leave; of a pipe the signal ends the program as it ends others.
    private bool IsHeard()
    {
        if (Volatile.Read(ref _answering) is not { } answering)
        {
            if (run.Terminal.InputIsTerminal)
                run.Terminal.Error.Write("\n/exit or Ctrl-D quits\n> ");
            return run.Terminal.InputIsTerminal;
        }
        try
        {
            answering.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The answer ended by itself meanwhile.
        }
        return true;
    }

    private void Answer(string text)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(run.Cancellation);
        Volatile.Write(ref _answering, stop);
        ChatAnswer answer;
        try
        {
            answer = session.Ask(text, run.Say, stop.Token);
        }
        finally
        {
            Volatile.Write(ref _answering, null);
        }
        if (!run.Json)
            run.Terminal.Output.WriteLine();
        run.Terminal.Output.Flush();
        _answers.Add(ChatAnswerReport.Of(answer));
        if (answer.DroppedMessages > 0)
            run.Progress.Note($"the context is full: the oldest {Units.Counted(answer.DroppedMessages, "message")} left out");
        if (Ending(answer.StoppedBy) is { } ending)
            run.Progress.Note(ending);
    }

    private static string? Ending(string stoppedBy) => stoppedBy switch
    {
        "max-tokens" => "the answer was cut off by --max-tokens",
        "context" => "the answer was cut off: the context is full",
        "interrupted" => "the answer was interrupted",
        _ => null,
    };

    private void Obey(string line)
    {
        var parts = line.Split((char[]?)null, 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var (name, rest) = (parts[0], parts.Length > 1 ? parts[1] : "");
        switch (name)
        {
            case "/help":
                run.Terminal.Error.WriteLine("/system TEXT   set the system message; without TEXT, remove it\n"
                    + "/reset         forget the conversation, except for the system message\n"
                    + "/save FILE     write the conversation as a line of JSON (messages) that align reads\n"
                    + "/exit          quit\n//TEXT         a message that begins with /");
                break;
            case "/reset":
                session.Reset();
                run.Progress.Note("the conversation was reset");
                break;
            case "/system":
                session.System = rest.Length > 0 ? rest : null;
                run.Progress.Note(rest.Length > 0 ? "the system message is set" : "there is no system message");
                break;
            case "/save":
                Save(rest);
                break;
            default:
                throw new EspalierException($"there is no command {OneLine.Clipped(name)}.{NearestName.Hint(name, s_names)} /help lists "
                    + "them");
        }
    }

    private void Save(string name)
    {
        var file = OutputOption.Checked("/save", name, OutputKind.Conversation, [model]);
        var saved = new SavedConversation([.. session.Messages.Select(message => message.Fields)]);
        if (saved.Messages.Count == 0)
            throw new EspalierException("/save: there is no conversation yet");
        DurableOutput.WriteText(file, $"{JsonOutput.Serialize(saved)}\n");
        run.Progress.Note($"{Units.Counted(saved.Messages.Count, "message")} in {file}");
    }
}
