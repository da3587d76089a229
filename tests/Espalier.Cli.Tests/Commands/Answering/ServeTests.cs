using System.Diagnostics;
using System.Net;
using System.Text;

namespace Espalier.Cli.Tests.Commands.Answering;

/// <summary>The server as a process of its own.</summary>
public sealed class ServeTests
{
    [Fact]
    public async Task It_answers_until_a_signal_comes_and_lets_an_answer_end()
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "espalier.dll"), "serve", Verb.Teacher, "--port", "0", "--json", "--name", "t",
                "--threads", "1"])
        { RedirectStandardOutput = true, RedirectStandardError = true, Environment = { ["ESPALIER_API_KEY"] = "a-long-secret" } })!;
        try
        {
            var report = JsonNode.Parse((await process.StandardOutput.ReadLineAsync())!)!;
            Assert.Equal("address batch context has_chat_template key_value_bytes model weights",
                string.Join(' ', report.AsObject().Select(static field => field.Key).Order(StringComparer.Ordinal)));
            Assert.Equal(("t", 512, "bf16"), ((string)report["model"]!, (int)report["context"]!, (string)report["weights"]!));
            using var http = new HttpClient { BaseAddress = new((string)report["address"]! + "/") };
            using var refused = await http.GetAsync("models");
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
            http.DefaultRequestHeaders.Authorization = new("Bearer", "a-long-secret");
            using var content = new StringContent("{\"prompt\":\"Once\",\"max_tokens\":200,\"temperature\":0,\"stream\":true}",
                Encoding.UTF8,
                "application/json");
            using var request = new HttpRequestMessage(HttpMethod.Post, "completions") { Content = content };
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            Assert.StartsWith("data: {", await reader.ReadLineAsync(), StringComparison.Ordinal);
            using (var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                await kill.WaitForExitAsync();
            Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(), StringComparison.Ordinal);
            await process.WaitForExitAsync();
            Assert.Equal(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    [Theory]
    [InlineData("--host 0.0.0.0", "set a key with --api-key")]
    [InlineData("--host example.com", "must be an address")]
    [InlineData("--api-key short", "at least 8 characters")]
    [InlineData("--context 513", "a context of 513 positions; it must be from 2 to the model's 512")]
    [InlineData("--kv-memory 1KB", "give at least")]
    [InlineData("--kv-memory much", "must be a size")]
    [InlineData("--chat-template nowhere.jinja", "nowhere.jinja")]
    [InlineData("--port 99999", "--port is 99999; it must be a whole number from 0 to 65535")]
    public void What_cannot_be_is_refused_in_one_line(string options, string reason)
    {
        var (code, _, error) = TestCommand.Launch($"serve {Verb.Teacher} {options} --threads 1");
        Assert.Equal(2, code);
        Assert.Contains(reason, error);
        Assert.Single(error.TrimEnd().Split('\n'), static line => line.StartsWith("espalier: error:", StringComparison.Ordinal));
    }
}
